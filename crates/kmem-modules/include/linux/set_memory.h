/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What pages of the direct map may be used for. The machine has no cache, so how they are cached makes no difference. What may be
 * written and run stays as it is: the functions answer as on an architecture that cannot change it. */
#pragma once
#if KMEM_ERA < 60
#error linux/set_memory.h came after 2.6.18
#endif
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/types.h>

/* an address inside of a page is a slip that a kernel warns of */
static inline int kmem_set_memory(unsigned long addr, int numpages)
{
	WARN_ON_ONCE(addr & ~PAGE_MASK);
	return numpages < 0 ? -EINVAL : 0;
}

#define set_memory_uc(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_wc(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_wb(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_ro(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_rw(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_x(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_nx(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_rox(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_encrypted(addr, numpages)	kmem_set_memory(addr, numpages)
#define set_memory_decrypted(addr, numpages)	kmem_set_memory(addr, numpages)

#define set_pages_uc(page, numpages)	kmem_set_memory((unsigned long)page_address(page), numpages)
#define set_pages_wb(page, numpages)	kmem_set_memory((unsigned long)page_address(page), numpages)
#define set_pages_array_uc(pages, numpages)	((void)(pages), kmem_set_memory(0, numpages))
#define set_pages_array_wc(pages, numpages)	((void)(pages), kmem_set_memory(0, numpages))
#define set_pages_array_wb(pages, numpages)	((void)(pages), kmem_set_memory(0, numpages))

#define set_direct_map_invalid_noflush(page)	((void)(page), 0)
#define set_direct_map_default_noflush(page)	((void)(page), 0)
#define can_set_direct_map()	false
#define kernel_page_present(page)	((void)(page), true)
