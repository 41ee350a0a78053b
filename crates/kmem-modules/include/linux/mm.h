/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pages in all their aspects, and what lies near: sizes, the direct map, user areas. */
#pragma once
#include <linux/errno.h>
#include <linux/bug.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/pgtable.h>
#include <linux/pfn.h>
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/overflow_mm.h>
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysinfo.h>
#include <kmem/host.h>

void get_page(struct page *page);
void put_page(struct page *page);
int page_count(const struct page *page);
void *page_address(const struct page *page);
void split_page(struct page *page, unsigned int order);
struct page *vmalloc_to_page(const void *addr);
unsigned long vmalloc_to_pfn(const void *addr);
void si_meminfo(struct sysinfo *val);

#define PAGE_ALIGN(addr)	ALIGN(addr, PAGE_SIZE)
#define high_memory	((void *)KMEM_HIGH_MEMORY)
#define max_mapnr	((unsigned long)KMEM_MAX_PFN)
#define nr_free_pages()	kmem_nr_free_pages()
#define page_to_nid(page)	((void)(page), 0)
#define lowmem_page_address(page)	page_to_virt(page)
#define page_private(page)	((page)->private)
#define set_page_private(page, v)	((page)->private = (v))
#define lru_to_page(head)	list_entry((head)->prev, struct page, lru)

#define VM_NONE		0x00000000
#define VM_READ		0x00000001
#define VM_WRITE	0x00000002
#define VM_EXEC		0x00000004
#define VM_SHARED	0x00000008
#define VM_MAYREAD	0x00000010
#define VM_MAYWRITE	0x00000020
#define VM_MAYEXEC	0x00000040
#define VM_MAYSHARE	0x00000080
#define VM_PFNMAP	0x00000400
#define VM_LOCKED	0x00002000
#define VM_IO		0x00004000
#define VM_DONTCOPY	0x00020000
#define VM_DONTEXPAND	0x00040000
#if KMEM_ERA >= 60
#define VM_DONTDUMP	0x04000000
#define VM_MIXEDMAP	0x10000000
#endif
#if LINUX_VERSION_CODE < 0x030700
#define VM_RESERVED	0x00080000
#endif
#define VM_DENYWRITE	0x00000800

#define offset_in_page(p)	((unsigned long)(p) & ~PAGE_MASK)

#if KMEM_ERA >= 60
struct page *compound_head(const struct page *page);
unsigned int compound_order(struct page *page);
void *kvmalloc(size_t size, gfp_t gfp);
void kvfree(const void *addr);

#define totalram_pages()	((unsigned long)KMEM_TOTALRAM_PAGES)
#define PAGE_ALIGNED(addr)	IS_ALIGNED((unsigned long)(addr), PAGE_SIZE)
#define PAGE_ALIGN_DOWN(addr)	ALIGN_DOWN(addr, PAGE_SIZE)
#define nth_page(page, n)	((page) + (n))
#define folio_page_idx(folio, p)	((p) - &(folio)->page)
#define page_ref_count(page)	page_count(page)
#define page_size(page)	(PAGE_SIZE << compound_order(page))
#define compound_nr(page)	(1UL << compound_order(page))
#define PageCompound(page)	(compound_order(compound_head(page)) > 0)
#define PageHead(page)	(compound_head(page) == (page) && compound_order(page) > 0)
#define PageTail(page)	(compound_head(page) != (page))
#define virt_to_head_page(p)	compound_head(virt_to_page(p))
#define folio_page(folio, n)	(&(folio)->page + (n))
#define page_folio(page)	((struct folio *)compound_head(page))
#define virt_to_folio(p)	page_folio(virt_to_page(p))
#define pfn_folio(pfn)	page_folio(pfn_to_page(pfn))
#define folio_address(folio)	page_address(&(folio)->page)
#define folio_order(folio)	compound_order(&(folio)->page)
#define folio_nr_pages(folio)	(1L << folio_order(folio))
#define folio_size(folio)	(PAGE_SIZE << folio_order(folio))
#define folio_shift(folio)	(PAGE_SHIFT + folio_order(folio))
#define folio_pfn(folio)	page_to_pfn(&(folio)->page)
#define folio_get(folio)	get_page(&(folio)->page)
#define folio_put(folio)	put_page(&(folio)->page)
#define folio_ref_count(folio)	page_count(&(folio)->page)
#define folio_alloc(gfp, order)	((struct folio *)alloc_pages((gfp) | __GFP_COMP, order))
#define __folio_alloc(gfp, order, nid, nodemask)	folio_alloc(gfp, order)
#define want_init_on_alloc(flags)	(!!((flags) & __GFP_ZERO))
#define want_init_on_free()	false
#define page_is_guard(page)	((void)(page), false)

static inline bool is_vmalloc_addr(const void *x)
{
	return (unsigned long)x - VMALLOC_START < VMALLOC_END - VMALLOC_START;
}

#define is_vmalloc_or_module_addr(x)	is_vmalloc_addr(x)

static inline int get_page_unless_zero(struct page *page)
{
	if (!page_count(page))
		return 0;
	get_page(page);
	return 1;
}

static inline int put_page_testzero(struct page *page)
{
	int last = page_count(page) == 1;

	put_page(page);
	return last;
}

struct task_struct;

/* who loads modules has no arguments to show */
static inline int get_cmdline(struct task_struct *task, char *buf, int len)
{
	return 0;
}

static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#else
#define num_physpages	((unsigned long)KMEM_MAX_PFN - KMEM_FIRST_PFN)
#define totalram_pages	((unsigned long)KMEM_TOTALRAM_PAGES)
#endif

/* what a driver answers when a page is touched that is not there: nopage() until 2.6.22, fault() since */
#if LINUX_VERSION_CODE < 0x020617
#define NOPAGE_SIGBUS	(NULL)
#define NOPAGE_OOM	((struct page *)(-1))
#define VM_FAULT_OOM	(-1)
#define VM_FAULT_SIGBUS	0
#define VM_FAULT_MINOR	1
#define VM_FAULT_MAJOR	2
#else
#define VM_FAULT_OOM	0x000001
#define VM_FAULT_SIGBUS	0x000002
#define VM_FAULT_MAJOR	0x000004
#define VM_FAULT_NOPAGE	0x000100
#define VM_FAULT_LOCKED	0x000200
#define VM_FAULT_RETRY	0x000400
#define VM_FAULT_ERROR	(VM_FAULT_OOM | VM_FAULT_SIGBUS)
#define FAULT_FLAG_WRITE	0x01

struct vm_fault {
#if LINUX_VERSION_CODE >= 0x040b00
	struct vm_area_struct *vma;
#endif
	gfp_t gfp_mask;
	pgoff_t pgoff;
#if LINUX_VERSION_CODE >= 0x040a00
	unsigned long address;
#else
	void __user *virtual_address;
#endif
	unsigned int flags;
	struct page *page;
};
#endif

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *area);
	void (*close)(struct vm_area_struct *area);
#if LINUX_VERSION_CODE < 0x020617
	struct page *(*nopage)(struct vm_area_struct *area, unsigned long address, int *type);
#elif LINUX_VERSION_CODE < 0x040b00
	int (*fault)(struct vm_area_struct *area, struct vm_fault *vmf);
	int (*page_mkwrite)(struct vm_area_struct *area, struct vm_fault *vmf);
#elif LINUX_VERSION_CODE < 0x041100
	int (*fault)(struct vm_fault *vmf);
	int (*page_mkwrite)(struct vm_fault *vmf);
#else
	vm_fault_t (*fault)(struct vm_fault *vmf);
	vm_fault_t (*page_mkwrite)(struct vm_fault *vmf);
#endif
	int (*access)(struct vm_area_struct *vma, unsigned long addr, void *buf, int len, int write);
};

/* what a driver puts into a user's address space in its mmap() */
int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		    unsigned long size, pgprot_t prot);
int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page);
int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff);
#if KMEM_ERA >= 60
#define vm_iomap_memory(vma, start, len)	kmem_vm_iomap_memory((vma), (start), (len))
int kmem_vm_iomap_memory(struct vm_area_struct *vma, phys_addr_t start, unsigned long len);
int vm_map_pages(struct vm_area_struct *vma, struct page **pages, unsigned long num);
#endif
#define io_remap_pfn_range	remap_pfn_range
#define vma_pages(vma)	(((vma)->vm_end - (vma)->vm_start) >> PAGE_SHIFT)
#include <linux/fs.h>
#include <asm/io.h>
