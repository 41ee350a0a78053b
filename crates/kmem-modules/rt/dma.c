/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory for devices.  A bus address is the physical one.  What a driver maps is checked as a kernel with DMA_API_DEBUG
 * does: it must be memory of the direct map that is allocated, be unmapped as it was mapped, and its result be looked at.
 */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/io.h>
#include "rt.h"

struct mapping {
	struct list_head list;
	struct device *dev;
	dma_addr_t addr;
	size_t size;
	enum dma_data_direction dir;
	const void *cpu;
	int checked;
	const char *what;
};

static LIST_HEAD(mappings);

static u64 mask_of(struct device *dev)
{
	return dev && dev->dma_mask ? *dev->dma_mask : 0xffffffff;
}

static u64 coherent_mask_of(struct device *dev)
{
	return !dev ? 0xffffff : dev->coherent_dma_mask ? dev->coherent_dma_mask : 0xffffffff;
}

/* --- coherent buffers --- */

static void *take_coherent(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp, int is_of_pool)
{
	u64 mask = coherent_mask_of(dev);
	void *cpu;

	gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM);
	/* the zone that the device can reach: the smallest only if it must be */
	if (mask <= 0xffffff)
		gfp |= __GFP_DMA;
#ifdef CONFIG_ZONE_DMA32
	else if (mask <= 0xffffffff)
		gfp |= __GFP_DMA32;
#endif
	cpu = kmem_host_dma_alloc(size, gfp | __GFP_ZERO, is_of_pool);
	if (!cpu)
		return NULL;
	if ((u64)virt_to_phys(cpu) + size - 1 > mask) {
		kmem_host_dma_free(cpu, size, is_of_pool);
		return NULL;
	}
	memset(cpu, 0, PAGE_ALIGN(size));
	*handle = virt_to_phys(cpu);
	return cpu;
}

void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp)
{
	return take_coherent(dev, size, handle, gfp, 0);
}

void dma_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t handle)
{
	if (!cpu)
		return;
#if KMEM_ERA >= 60
	WARN_ON(kmem_irqs_disabled);
#endif
	if (handle != (dma_addr_t)virt_to_phys(cpu))
		kmem_host_misuse("dma_free_coherent: the bus address is not this buffer's", cpu);
	kmem_host_dma_free(cpu, size, 0);
}

/* --- mappings --- */

static dma_addr_t add_mapping(struct device *dev, const void *cpu, dma_addr_t addr, size_t size,
			      enum dma_data_direction dir, const char *what)
{
	struct mapping *it;

	if (addr + size - 1 > mask_of(dev)) {
		printk(KERN_ERR "%s: overflow 0x%llx+%zu of DMA mask %llx\n", dev ? dev_name(dev) : "NULL device",
		       (u64)addr, size, mask_of(dev));
		return DMA_MAPPING_ERROR;
	}
	it = kmem_rt_zalloc(sizeof(*it));
	if (!it)
		return DMA_MAPPING_ERROR;
	*it = (struct mapping){
		.dev = dev, .addr = addr, .size = size, .dir = dir, .cpu = cpu, .what = what,
	};
	list_add(&it->list, &mappings);
	kmem_hold(KMEM_HOLD_DMA_MAP, cpu ? cpu : it, "of %zu bytes", size);
	return addr;
}

dma_addr_t dma_map_single(struct device *dev, void *ptr, size_t size, enum dma_data_direction dir)
{
	if (kmem_host_check_dma(ptr, size, "dma_map_single"))
		return DMA_MAPPING_ERROR;
	return add_mapping(dev, ptr, virt_to_phys(ptr), size, dir, "dma_map_single");
}

dma_addr_t dma_map_page(struct device *dev, struct page *page, size_t offset, size_t size,
			enum dma_data_direction dir)
{
	return add_mapping(dev, NULL, page_to_phys(page) + offset, size, dir, "dma_map_page");
}

static void drop_mapping(struct mapping *it)
{
	struct mapping *other;

	list_del(&it->list);
	if (!it->cpu)
		kmem_host_unhold(KMEM_HOLD_DMA_MAP, it);
	else {
		list_for_each_entry(other, &mappings, list)
			if (other->cpu == it->cpu)
				goto still_held;
		kmem_host_unhold(KMEM_HOLD_DMA_MAP, it->cpu);
	}
still_held:
	kmem_host_rt_free(it);
}

static struct mapping *mapping_at(struct device *dev, dma_addr_t addr)
{
	struct mapping *it;

	list_for_each_entry(it, &mappings, list)
		if (it->dev == dev && it->addr == addr)
			return it;
	return NULL;
}

static void unmap(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir, const char *what)
{
	struct mapping *it = mapping_at(dev, addr);
	char text[160];

	if (!it) {
		kmem_host_misuse("DMA: unmapped twice, or never mapped", (void *)(unsigned long)addr);
		return;
	}
	if (it->size != size) {
		scnprintf(text, sizeof(text), "DMA: %zu bytes were mapped, %zu are unmapped", it->size, size);
		kmem_host_misuse(text, (void *)(unsigned long)addr);
	} else if (it->dir != dir) {
		kmem_host_misuse("DMA: unmapped with another direction than it was mapped with", (void *)(unsigned long)addr);
	} else if (strcmp(it->what, what)) {
		scnprintf(text, sizeof(text), "DMA: mapped by %s(), unmapped as if by %s()", it->what, what);
		kmem_host_misuse(text, (void *)(unsigned long)addr);
	}
#if KMEM_ERA >= 60
	if (!it->checked && strcmp(what, "dma_map_sg"))
		kmem_host_misuse("DMA: the result of the mapping was never given to dma_mapping_error()",
				 (void *)(unsigned long)addr);
#endif
	drop_mapping(it);
}

void dma_unmap_single(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	unmap(dev, addr, size, dir, "dma_map_single");
}

void dma_unmap_page(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	unmap(dev, addr, size, dir, "dma_map_page");
}

int dma_map_sg(struct device *dev, struct scatterlist *sgl, int nents, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg->dma_address = add_mapping(dev, NULL, sg_phys(sg), sg->length, dir, "dma_map_sg");
		if (sg->dma_address == DMA_MAPPING_ERROR) {
			dma_unmap_sg(dev, sgl, i, dir);
			return 0;
		}
	}
	return nents;
}

void dma_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		unmap(dev, sg->dma_address, sg->length, dir, "dma_map_sg");
}

static void check_mapped(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	struct mapping *it;

	list_for_each_entry(it, &mappings, list)
		if (it->dev == dev && addr >= it->addr && addr + size <= it->addr + it->size)
			return;
	kmem_host_misuse("DMA: dma_sync of memory that is not mapped", (void *)(unsigned long)addr);
}

void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	check_mapped(dev, addr, size, dir);
}

void dma_sync_single_for_device(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	check_mapped(dev, addr, size, dir);
}

int dma_set_mask(struct device *dev, u64 mask)
{
	if (mask < 0xffffff || !dev->dma_mask)
		return -EIO;
	*dev->dma_mask = mask;
	return 0;
}

#if KMEM_ERA >= 60
int dma_mapping_error(struct device *dev, dma_addr_t addr)
{
	struct mapping *it;

	list_for_each_entry(it, &mappings, list)
		if (it->dev == dev && it->addr == addr)
			it->checked = 1;
	return addr == DMA_MAPPING_ERROR ? -ENOMEM : 0;
}

int dma_set_coherent_mask(struct device *dev, u64 mask)
{
	if (mask < 0xffffff)
		return -EIO;
	dev->coherent_dma_mask = mask;
	return 0;
}

int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	int err = dma_set_mask(dev, mask);

	return err ? err : dma_set_coherent_mask(dev, mask);
}

void dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl, int nents, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		check_mapped(dev, sg->dma_address, sg->length, dir);
}

void dma_sync_sg_for_device(struct device *dev, struct scatterlist *sgl, int nents, enum dma_data_direction dir)
{
	dma_sync_sg_for_cpu(dev, sgl, nents, dir);
}
#else
int dma_mapping_error(dma_addr_t addr)
{
	return addr == DMA_MAPPING_ERROR;
}
#endif

/* --- pools: objects cut from coherent pages --- */

struct pool_page {
	struct list_head list;
	char *cpu;
	dma_addr_t addr;
	unsigned int used;
	unsigned long taken[];	/* one bit for each object */
};

struct dma_pool {
	struct list_head pages;
	struct device *dev;
	size_t size, allocation, boundary, each;	/* each: objects of a page */
	char name[32];
};

struct dma_pool *dma_pool_create(const char *name, struct device *dev, size_t size, size_t align, size_t boundary)
{
	struct dma_pool *pool;
	size_t at, allocation;

	if (!align)
		align = 1;
	if (!size || (align & (align - 1)) || (boundary & (boundary - 1)))
		return NULL;
	size = ALIGN(size < sizeof(void *) ? sizeof(void *) : size, align);
	allocation = size < PAGE_SIZE ? PAGE_SIZE : size;
	if (!boundary)
		boundary = allocation;
	else if (boundary < size)
		return NULL;
	if (boundary > allocation)
		boundary = allocation;
	pool = kmem_rt_zalloc(sizeof(*pool));
	if (!pool)
		return NULL;
	INIT_LIST_HEAD(&pool->pages);
	pool->dev = dev;
	pool->size = size;
	pool->allocation = allocation;
	pool->boundary = boundary;
	strlcpy(pool->name, name, sizeof(pool->name));
	for (at = 0; at + size <= allocation; at += boundary)
		pool->each += boundary / size;
	kmem_host_hold(KMEM_HOLD_DMA_POOL, pool, pool->name, NULL);
	return pool;
}

static size_t offset_of(const struct dma_pool *pool, size_t index)
{
	size_t in_one = pool->boundary / pool->size;

	return index / in_one * pool->boundary + index % in_one * pool->size;
}

static struct pool_page *new_page(struct dma_pool *pool, gfp_t gfp)
{
	struct pool_page *page = kmem_rt_zalloc(sizeof(*page) + BITS_TO_LONGS(pool->each) * sizeof(long));

	if (!page)
		return NULL;
	page->cpu = take_coherent(pool->dev, pool->allocation, &page->addr, gfp, 1);
	if (!page->cpu) {
		kmem_host_rt_free(page);
		return NULL;
	}
	list_add(&page->list, &pool->pages);
	return page;
}

void *dma_pool_alloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle)
{
	struct pool_page *page;
	size_t index;

	if (gfp & KMEM_GFP_DIRECT_RECLAIM)
		might_sleep();
	list_for_each_entry(page, &pool->pages, list)
		if (page->used < pool->each)
			goto found;
	page = new_page(pool, gfp & ~__GFP_ZERO);
	if (!page)
		return NULL;
found:
	for (index = 0; test_bit(index, page->taken); index++)
		;
	__set_bit(index, page->taken);
	page->used++;
	*handle = page->addr + offset_of(pool, index);
	if (gfp & __GFP_ZERO)
		memset(page->cpu + offset_of(pool, index), 0, pool->size);
	kmem_host_hold(KMEM_HOLD_DMA_OBJECT, page->cpu + offset_of(pool, index), pool->name, NULL);
	return page->cpu + offset_of(pool, index);
}

void dma_pool_free(struct dma_pool *pool, void *vaddr, dma_addr_t addr)
{
	struct pool_page *page;

	list_for_each_entry(page, &pool->pages, list) {
		size_t offset = (char *)vaddr - page->cpu, index;

		if ((char *)vaddr < page->cpu || offset >= pool->allocation)
			continue;
		for (index = 0; index < pool->each && offset_of(pool, index) != offset; index++)
			;
		if (index == pool->each)
			kmem_host_misuse("dma_pool_free() of an address inside of an object", vaddr);
		else if (!test_bit(index, page->taken))
			kmem_host_misuse("dma_pool_free() of an object that is free already", vaddr);
		else if (page->addr + offset != addr)
			kmem_host_misuse("dma_pool_free(): the bus address is not this object's", vaddr);
		else {
			kmem_host_unhold(KMEM_HOLD_DMA_OBJECT, vaddr);
			__clear_bit(index, page->taken);
			page->used--;
		}
		return;
	}
	kmem_host_misuse("dma_pool_free() of an object of another pool", vaddr);
}

void dma_pool_destroy(struct dma_pool *pool)
{
	struct pool_page *page, *next;

	if (!pool)
		return;
	list_for_each_entry_safe(page, next, &pool->pages, list) {
		/* what is out is left to the check at the end, which knows where it was taken */
		if (page->used)
			printk(KERN_ERR "%s: dma_pool_destroy %s, %p busy\n", pool->dev ? dev_name(pool->dev) : "dmapool",
			       pool->name, page->cpu);
		list_del(&page->list);
		kmem_host_dma_free(page->cpu, pool->allocation, 1);
		kmem_host_rt_free(page);
	}
	kmem_host_unhold(KMEM_HOLD_DMA_POOL, pool);
	kmem_host_rt_free(pool);
}
