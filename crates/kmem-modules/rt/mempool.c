/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting for an element of a pool, and the usual pairs of functions that a pool takes its elements from. */
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "rt.h"

/* where kmem shows what a pool has: its two counts, and its data with its two functions */
const unsigned int kmem_pool_counts_at = offsetof(mempool_t, min_nr);
const unsigned int kmem_pool_data_at = offsetof(mempool_t, pool_data);

/* who may sleep waits until an element is given back; its allocator is asked again then */
void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	void *element;

	while ((element = kmem_host_mempool_alloc(pool, gfp)) == (void *)~0UL)
		kmem_wait_on(pool, "mempool_alloc(): the reserve is empty, and its allocator gives nothing", KMEM_NEVER);
	return element;
}

void mempool_free(void *element, mempool_t *pool)
{
	kmem_host_mempool_free(element, pool);
	kmem_wake_on(pool);
}

void *mempool_alloc_slab(__KMEM_POOL_GFP gfp, void *pool_data)
{
	return kmem_cache_alloc(pool_data, gfp);
}

void mempool_free_slab(void *element, void *pool_data)
{
	kmem_cache_free(pool_data, element);
}

void *mempool_kmalloc(__KMEM_POOL_GFP gfp, void *pool_data)
{
	return kmalloc((size_t)pool_data, gfp);
}

void mempool_kfree(void *element, void *pool_data)
{
	kfree(element);
}

void *mempool_alloc_pages(__KMEM_POOL_GFP gfp, void *pool_data)
{
	return alloc_pages(gfp, (unsigned long)pool_data);
}

void mempool_free_pages(void *element, void *pool_data)
{
	__free_pages(element, (unsigned long)pool_data);
}
