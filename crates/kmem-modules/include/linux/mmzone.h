/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zones, and the largest block of pages. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <asm/page.h>

#if KMEM_ERA >= 60
/* from 6.8 on; a source that knows them means the same on any machine */
#define MAX_PAGE_ORDER	KMEM_TOP_ORDER
#define NR_PAGE_ORDERS	(KMEM_TOP_ORDER + 1)
#endif
#if LINUX_VERSION_CODE >= 0x060800
#define MAX_ORDER_NR_PAGES	(1 << KMEM_TOP_ORDER)
#elif LINUX_VERSION_CODE >= 0x060400
#define MAX_ORDER	KMEM_TOP_ORDER
#define MAX_ORDER_NR_PAGES	(1 << KMEM_TOP_ORDER)
#else
#define MAX_ORDER	(KMEM_TOP_ORDER + 1)
#define MAX_ORDER_NR_PAGES	(1 << (MAX_ORDER - 1))
#endif
#define PAGE_ALLOC_COSTLY_ORDER	3

enum zone_type {
#ifdef CONFIG_ZONE_DMA
	ZONE_DMA,
#endif
#ifdef CONFIG_ZONE_DMA32
	ZONE_DMA32,
#endif
	ZONE_NORMAL,
#ifdef CONFIG_HIGHMEM
	ZONE_HIGHMEM,
#endif
#if KMEM_ERA >= 60
	ZONE_MOVABLE,
#endif
	MAX_NR_ZONES
};

struct zone {
	const char *name;
};

struct page;
int page_zonenum(const struct page *page);
struct zone *page_zone(const struct page *page);	/* its name is all there is to see */
unsigned long kmem_nr_free_pages(void);

static inline int zone_idx_is_highmem(int idx)
{
#ifdef CONFIG_HIGHMEM
	return idx == ZONE_HIGHMEM;
#else
	return 0;
#endif
}
