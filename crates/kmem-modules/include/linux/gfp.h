/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pages. */
#pragma once
#include <linux/gfp_types.h>
#include <linux/mmzone.h>
#include <linux/stddef.h>
#include <linux/linkage.h>
#include <linux/topology.h>

struct page;

struct page *alloc_pages(gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
unsigned long get_zeroed_page(gfp_t gfp);
void free_pages(unsigned long addr, unsigned int order);

#define alloc_page(gfp)	alloc_pages(gfp, 0)
#define __get_free_page(gfp)	__get_free_pages((gfp), 0)
#define __get_dma_pages(gfp, order)	__get_free_pages((gfp) | GFP_DMA, (order))
#define __free_page(page)	__free_pages((page), 0)
#define free_page(addr)	free_pages((addr), 0)
#define alloc_pages_node(nid, gfp, order)	((void)(nid), alloc_pages(gfp, order))
#define alloc_page_node(nid, gfp)	alloc_pages_node(nid, gfp, 0)

#if KMEM_ERA >= 60
void *alloc_pages_exact(size_t size, gfp_t gfp) __must_check;
void free_pages_exact(void *virt, size_t size);
unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **pages);

#define alloc_pages_exact_nid(nid, size, gfp)	((void)(nid), alloc_pages_exact(size, gfp))
#define __alloc_pages(gfp, order, nid, nodemask)	alloc_pages_node(nid, gfp, order)
#define __alloc_pages_node(nid, gfp, order)	alloc_pages_node(nid, gfp, order)
/* as many as there are, to the end of a list */
unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr, struct list_head *list);
#define alloc_pages_bulk(gfp, nr, pages)	alloc_pages_bulk_array(gfp, nr, pages)
#define alloc_pages_bulk_array_node(gfp, nid, nr, pages)	((void)(nid), alloc_pages_bulk_array(gfp, nr, pages))
#if LINUX_VERSION_CODE >= 0x060a00
#define alloc_pages_noprof(gfp, order)	alloc_pages(gfp, order)
#define alloc_page_noprof(gfp)	alloc_page(gfp)
#define get_free_pages_noprof(gfp, order)	__get_free_pages(gfp, order)
#define get_zeroed_page_noprof(gfp)	get_zeroed_page(gfp)
#define alloc_pages_exact_noprof(size, gfp)	alloc_pages_exact(size, gfp)
#define alloc_pages_exact_nid_noprof(nid, size, gfp)	alloc_pages_exact_nid(nid, size, gfp)
#define alloc_pages_node_noprof(nid, gfp, order)	alloc_pages_node(nid, gfp, order)
#define __alloc_pages_node_noprof(nid, gfp, order)	alloc_pages_node(nid, gfp, order)
#define __alloc_pages_noprof(gfp, order, nid, nodemask)	alloc_pages_node(nid, gfp, order)
#define folio_alloc_noprof(gfp, order)	folio_alloc(gfp, order)
#define __folio_alloc_noprof(gfp, order, nid, nodemask)	folio_alloc(gfp, order)
#endif

static inline bool gfpflags_allow_blocking(const gfp_t gfp)
{
	return !!(gfp & __GFP_DIRECT_RECLAIM);
}

static inline bool gfpflags_normal_context(const gfp_t gfp)
{
	return (gfp & (__GFP_DIRECT_RECLAIM | __GFP_MEMALLOC)) == __GFP_DIRECT_RECLAIM;
}
#endif
