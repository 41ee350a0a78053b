/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pages, and the direct map: addresses of lowmem are a constant away from physical ones. */
#pragma once
#include <linux/const.h>
#include <linux/types.h>
#include <kmem/host.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_OFFSET	((unsigned long)KMEM_PAGE_OFFSET)
#ifdef CONFIG_ARM
#define PHYS_OFFSET	((phys_addr_t)KMEM_PHYS_OFFSET)
#endif

#if defined(CONFIG_X86_32) || defined(CONFIG_X86_64)
#define __pa(x)	((unsigned long)(x) - PAGE_OFFSET + KMEM_PHYS_OFFSET)
#else
#define __pa(x)	((phys_addr_t)((unsigned long)(x) - PAGE_OFFSET) + KMEM_PHYS_OFFSET)
#endif
#define __va(x)	((void *)((unsigned long)((phys_addr_t)(x) - KMEM_PHYS_OFFSET) + PAGE_OFFSET))

#define mem_map	((struct page *)KMEM_MEM_MAP)
#define page_to_pfn(page)	((unsigned long)((page) - mem_map) + KMEM_FIRST_PFN)
#define pfn_to_page(pfn)	(mem_map + ((unsigned long)(pfn) - KMEM_FIRST_PFN))
#define pfn_valid(pfn)	\
	((unsigned long)(pfn) - KMEM_FIRST_PFN < (unsigned long)KMEM_MAX_PFN - KMEM_FIRST_PFN)
#define virt_to_page(kaddr)	pfn_to_page(virt_to_pfn(kaddr))
#define virt_addr_valid(kaddr)	\
	((unsigned long)(kaddr) - PAGE_OFFSET < (unsigned long)KMEM_HIGH_MEMORY - PAGE_OFFSET)
#define page_to_phys(page)	((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#define phys_to_page(phys)	pfn_to_page((unsigned long)((phys) >> PAGE_SHIFT))
#define page_to_virt(page)	__va(page_to_phys(page))
#define virt_to_pfn(kaddr)	((unsigned long)(__pa(kmem_linear(kaddr)) >> PAGE_SHIFT))
#define pfn_to_virt(pfn)	__va((phys_addr_t)(pfn) << PAGE_SHIFT)
#define pfn_to_kaddr(pfn)	pfn_to_virt(pfn)

#define clear_page(page)	memset((page), 0, PAGE_SIZE)
#define copy_page(to, from)	memcpy((to), (from), PAGE_SIZE)

/* the order of the smallest block that holds size bytes */
static inline __attribute__((__const__)) int get_order(unsigned long size)
{
	size = (size - 1) >> PAGE_SHIFT;
	return size ? (int)sizeof(long) * 8 - __builtin_clzl(size) : 0;
}

/* an address of the direct map; vmalloc memory, stacks and a module's variables lie elsewhere, on pages of any place */
static inline unsigned long kmem_linear_address(unsigned long addr)
{
	if (__builtin_expect(!virt_addr_valid(addr), 0))
		kmem_host_misuse("virt_to_phys() or virt_to_page() of an address outside of the direct map: "
				 "it has no physical address that can be computed", (void *)addr);
	return addr;
}
#define kmem_linear(kaddr)	kmem_linear_address((unsigned long)(kaddr))
