/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernel's page tables, to walk and to write: they lie in the machine's RAM, in the format of its architecture, and
 * are reached through the direct map.  Levels that a format does not have are folded: their entry is the one above.
 */
#pragma once
#include <kmem/host.h>
#include <linux/types.h>

struct page;

#if defined(CONFIG_X86_PAE)
typedef unsigned long long pteval_t;
typedef struct { pteval_t pte; } pte_t;
typedef struct { pteval_t pmd; } pmd_t;
typedef struct { pteval_t pgd; } pgd_t;
#define PGDIR_SHIFT	30
#define PMD_SHIFT	21
#define PTRS_PER_PGD	4
#define PTRS_PER_PMD	512
#define PTRS_PER_PTE	512
#define KMEM_PTE_ADDR	0x000ffffffffff000ULL
#define KMEM_HAS_PMD
#elif defined(CONFIG_64BIT)
typedef unsigned long pteval_t;
typedef struct { pteval_t pte; } pte_t;
typedef struct { pteval_t pmd; } pmd_t;
typedef struct { pteval_t pgd; } pgd_t;
#ifdef CONFIG_RISCV
/* Sv39: three levels, and the frame's number ten bits up */
#define PGDIR_SHIFT	30
#else
typedef struct { pteval_t pud; } pud_t;
#define KMEM_HAS_PUD
#define PGDIR_SHIFT	39
#define PUD_SHIFT	30
#define PTRS_PER_PUD	512
#endif
#define PMD_SHIFT	21
#define PTRS_PER_PGD	512
#define PTRS_PER_PMD	512
#define PTRS_PER_PTE	512
#ifdef CONFIG_ARM64
#define KMEM_PTE_ADDR	0x0000fffffffff000UL
#else
#define KMEM_PTE_ADDR	0x000ffffffffff000UL
#endif
#define KMEM_HAS_PMD
#elif defined(CONFIG_ARM)
/* Two hardware entries to a pgd; the kernel's own ptes lie half a page below the hardware's. */
typedef unsigned int pteval_t;
typedef struct { pteval_t pte; } pte_t;
typedef struct { pteval_t pmd; } pmd_t;
typedef struct { pteval_t pgd[2]; } pgd_t;
#define PGDIR_SHIFT	21
#define PMD_SHIFT	21
#define PTRS_PER_PGD	2048
#define PTRS_PER_PMD	1
#define PTRS_PER_PTE	512
#define KMEM_PTE_ADDR	0xfffff000U
#define KMEM_PTE_HARDWARE	2048
#else
typedef unsigned int pteval_t;
typedef struct { pteval_t pte; } pte_t;
typedef struct { pteval_t pmd; } pmd_t;
typedef struct { pteval_t pgd; } pgd_t;
#define PGDIR_SHIFT	22
#define PMD_SHIFT	22
#define PTRS_PER_PGD	1024
#define PTRS_PER_PMD	1
#define PTRS_PER_PTE	1024
#define KMEM_PTE_ADDR	0xfffff000U
#endif

typedef pgd_t p4d_t;
#ifndef KMEM_HAS_PUD
typedef pgd_t pud_t;
#define PUD_SHIFT	PGDIR_SHIFT
#endif

#define PGDIR_SIZE	(1UL << PGDIR_SHIFT)
#define PGDIR_MASK	(~(PGDIR_SIZE - 1))
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PMD_MASK	(~(PMD_SIZE - 1))
#define PUD_SIZE	(1UL << PUD_SHIFT)

struct mm_struct;
extern struct mm_struct init_mm;

#define swapper_pg_dir		((pgd_t *)kmem_host_pgd())
#define read_cr3_pa()		(kmem_host_pgd() - KMEM_PAGE_OFFSET + KMEM_PHYS_OFFSET)

#define pte_val(x)		((x).pte)
#define __pte(x)		((pte_t) { (x) })
#define pmd_val(x)		((x).pmd)
#ifdef CONFIG_ARM
#define pgd_val(x)		((x).pgd[0])
#else
#define pgd_val(x)		((x).pgd)
#endif
#define p4d_val(x)		pgd_val(x)
#ifdef KMEM_HAS_PUD
#define pud_val(x)		((x).pud)
#define pud_index(addr)		(((unsigned long)(addr) >> PUD_SHIFT) & (PTRS_PER_PUD - 1))
#else
#define pud_val(x)		pgd_val(x)
#endif

#define pgd_index(addr)		(((unsigned long)(addr) >> PGDIR_SHIFT) & (PTRS_PER_PGD - 1))
#define pmd_index(addr)		(((unsigned long)(addr) >> PMD_SHIFT) & (PTRS_PER_PMD - 1))
#define pte_index(addr)		(((unsigned long)(addr) >> 12) & (PTRS_PER_PTE - 1))

#define pgd_offset(mm, addr)	((void)(mm), swapper_pg_dir + pgd_index(addr))
#define pgd_offset_k(addr)	(swapper_pg_dir + pgd_index(addr))
#define p4d_offset(pgd, addr)	((p4d_t *)(void *)(pgd))

/* the physical address in an entry, and the part of an entry that has one */
#ifdef CONFIG_RISCV
#define kmem_entry_phys(entry)	((entry) >> 10 << 12 & KMEM_PTE_ADDR)
#define kmem_phys_entry(phys)	((pteval_t)(phys) >> 12 << 10)
#else
#define kmem_entry_phys(entry)	((entry) & KMEM_PTE_ADDR)
#define kmem_phys_entry(phys)	((pteval_t)(phys))
#endif

static inline void *kmem_table_at(unsigned long long entry)
{
	return (void *)((unsigned long)kmem_entry_phys(entry) - KMEM_PHYS_OFFSET + KMEM_PAGE_OFFSET);
}

#ifdef KMEM_HAS_PUD
#define pud_offset(p4d, addr)	((pud_t *)kmem_table_at(p4d_val(*(p4d_t *)(void *)(p4d))) + pud_index(addr))
#else
#define pud_offset(p4d, addr)	((pud_t *)(void *)(p4d))
#endif
#ifdef KMEM_HAS_PMD
#define pmd_offset(pud, addr)	((pmd_t *)kmem_table_at(pud_val(*(pud_t *)(void *)(pud))) + pmd_index(addr))
#else
#define pmd_offset(pud, addr)	((pmd_t *)(void *)(pud))
#endif
#define pte_offset_kernel(pmd, addr)	((pte_t *)kmem_table_at(pmd_val(*(pmd))) + pte_index(addr))
#define pte_offset_map(pmd, addr)	pte_offset_kernel(pmd, addr)
#define pte_unmap(pte)		do { (void)(pte); } while (0)

#ifdef KMEM_HAS_PMD
#define pgd_none(pgd)		(pgd_val(pgd) == 0)
#define pgd_present(pgd)	((pgd_val(pgd) & 1) != 0)
#else
/* Folded: the question is the pmd's. */
#define pgd_none(pgd)		((void)(pgd), 0)
#define pgd_present(pgd)	((void)(pgd), 1)
#endif
#define pgd_bad(pgd)		((void)(pgd), 0)
#define p4d_none(p4d)		pgd_none(p4d)
#define p4d_bad(p4d)		pgd_bad(p4d)
#define p4d_present(p4d)	pgd_present(p4d)
#ifdef KMEM_HAS_PUD
#define pud_none(pud)		(pud_val(pud) == 0)
#define pud_bad(pud)		((void)(pud), 0)
#define pud_present(pud)	((pud_val(pud) & 1) != 0)
#else
#define pud_none(pud)		pgd_none(pud)
#define pud_bad(pud)		pgd_bad(pud)
#define pud_present(pud)	pgd_present(pud)
#endif
#define pmd_none(pmd)		(pmd_val(pmd) == 0)
#define pmd_present(pmd)	((pmd_val(pmd) & 3) != 0)
#ifdef CONFIG_ARM
#define pmd_large(pmd)		((pmd_val(pmd) & 3) == 2)
#define pmd_bad(pmd)		((pmd_val(pmd) & 3) != 1)
#define pte_present(pte)	((pte_val(pte) & 1) != 0)
#elif defined(CONFIG_ARM64)
#define pmd_large(pmd)		((pmd_val(pmd) & 3) == 1)
#define pmd_bad(pmd)		((pmd_val(pmd) & 3) != 3)
#define pte_present(pte)	((pte_val(pte) & 1) != 0)
#elif defined(CONFIG_RISCV)
/* what may be read, written or executed is no table */
#define pmd_large(pmd)		((pmd_val(pmd) & 0xe) != 0)
#define pmd_bad(pmd)		(!pmd_present(pmd) || pmd_large(pmd))
#define pte_present(pte)	((pte_val(pte) & 1) != 0)
#else
#define pmd_large(pmd)		((pmd_val(pmd) & 0x80) != 0)
#define pmd_bad(pmd)		(!pmd_present(pmd) || pmd_large(pmd))
#define pte_present(pte)	((pte_val(pte) & 1) != 0)
#endif
#define pmd_leaf(pmd)		pmd_large(pmd)
#define pte_none(pte)		(pte_val(pte) == 0)
#define pte_pfn(pte)		((unsigned long)(kmem_entry_phys(pte_val(pte)) >> 12))
#define pte_page(pte)		pfn_to_page(pte_pfn(pte))
#define pfn_pte(pfn, prot)	__pte(kmem_phys_entry((pteval_t)(pfn) << 12) | (pteval_t)pgprot_val(prot))
#define mk_pte(page, prot)	pfn_pte(page_to_pfn(page), prot)

/* Writes an entry. On ARM the hardware's goes with it: address and what it was before, or a small page for the kernel. */
static inline void set_pte(pte_t *at, pte_t pte)
{
#ifdef CONFIG_ARM
	volatile pteval_t *hardware = (volatile pteval_t *)((char *)at + KMEM_PTE_HARDWARE);
	pteval_t flags = *hardware & ~KMEM_PTE_ADDR;

	*hardware = pte_none(pte) ? 0 : (pte_val(pte) & KMEM_PTE_ADDR) | (flags ? flags : 0x45e);
#endif
	*(volatile pteval_t *)&at->pte = pte.pte;
}
#define set_pte_at(mm, addr, at, pte)	set_pte(at, pte)
#define pte_clear(mm, addr, at)	set_pte(at, __pte(0))
