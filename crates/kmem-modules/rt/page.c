/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Zones by number, how much memory there is, many pages at once. */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/string.h>
#include "rt.h"

static char zone_names[8][16];
static struct zone zones[8];

#ifdef CONFIG_MMU
struct mm_struct init_mm;
#endif

void kmem_page_init(void)
{
	int i;

#ifdef CONFIG_MMU
	init_mm.pgd = swapper_pg_dir;
#endif
	for (i = 0; i < (int)ARRAY_SIZE(zones); i++) {
		if (!kmem_host_zone_name(i, zone_names[i], sizeof(zone_names[i])))
			break;
		zones[i].name = zone_names[i];
	}
}

struct zone *page_zone(const struct page *page)
{
	return &zones[page_zonenum(page)];
}

void *kmap(struct page *page)
{
	void *addr;

	while ((addr = kmem_host_kmap(page)) == (void *)~0UL)
		kmem_wait_on(kmap, "kmap(): all slots are in use", KMEM_NEVER);
	return addr;
}

void kunmap(struct page *page)
{
	kmem_host_kunmap(page);
	kmem_wake_on(kmap);
}

unsigned long kmem_nr_free_pages(void)
{
	return kmem_host_meminfo(1);
}

unsigned long kmem_totalhigh_pages(void)
{
	return kmem_host_meminfo(2);
}

unsigned long kmem_nr_free_highpages(void)
{
	return kmem_host_meminfo(3);
}

void si_meminfo(struct sysinfo *val)
{
	memset(val, 0, sizeof(*val));
	val->totalram = kmem_host_meminfo(0);
	val->freeram = kmem_host_meminfo(1);
	val->totalhigh = kmem_host_meminfo(2);
	val->freehigh = kmem_host_meminfo(3);
	val->mem_unit = PAGE_SIZE;
}

#if KMEM_ERA >= 60
/* fills the empty places of an array; how many are full then */
unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **pages)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		if (!pages[i])
			pages[i] = alloc_page(gfp);
		if (!pages[i])
			break;
	}
	return i;
}

unsigned long alloc_pages_bulk_list(gfp_t gfp, unsigned long nr, struct list_head *list)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = alloc_page(gfp);

		if (!page)
			break;
		list_add(&page->lru, list);
	}
	return i;
}
#endif
