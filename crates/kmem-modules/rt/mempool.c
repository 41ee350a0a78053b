/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The usual pairs of functions that a mempool takes its elements from. */
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/slab.h>

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
