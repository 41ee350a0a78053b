/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reserves of elements. */
#pragma once
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/slab.h>

#if KMEM_ERA >= 60 || LINUX_VERSION_CODE >= 0x02060e
#define __KMEM_POOL_GFP	gfp_t
#else
#define __KMEM_POOL_GFP	int
#endif
typedef void *(mempool_alloc_t)(__KMEM_POOL_GFP gfp, void *pool_data);
typedef void (mempool_free_t)(void *element, void *pool_data);

typedef struct mempool_s {
	spinlock_t lock;
	int min_nr;
	int curr_nr;
	void **elements;
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	wait_queue_head_t wait;
} mempool_t;

mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn, mempool_free_t *free_fn,
			  void *pool_data);
void mempool_destroy(mempool_t *pool);
void *mempool_alloc(mempool_t *pool, gfp_t gfp);
void mempool_free(void *element, mempool_t *pool);

void *kmem_host_mempool_alloc(mempool_t *pool, gfp_t gfp);
void kmem_host_mempool_free(void *element, mempool_t *pool);
void *mempool_alloc_slab(__KMEM_POOL_GFP gfp, void *pool_data);
void mempool_free_slab(void *element, void *pool_data);
void *mempool_kmalloc(__KMEM_POOL_GFP gfp, void *pool_data);
void mempool_kfree(void *element, void *pool_data);
void *mempool_alloc_pages(__KMEM_POOL_GFP gfp, void *pool_data);
void mempool_free_pages(void *element, void *pool_data);

#define mempool_create_slab_pool(min_nr, cache)	\
	mempool_create((min_nr), mempool_alloc_slab, mempool_free_slab, (void *)(cache))
#define mempool_create_kmalloc_pool(min_nr, size)	\
	mempool_create((min_nr), mempool_kmalloc, mempool_kfree, (void *)(unsigned long)(size))
#define mempool_create_page_pool(min_nr, order)	\
	mempool_create((min_nr), mempool_alloc_pages, mempool_free_pages, (void *)(unsigned long)(order))
#define mempool_create_node(min_nr, alloc_fn, free_fn, data, ...)	\
	mempool_create(min_nr, alloc_fn, free_fn, data)

#if KMEM_ERA >= 60
int mempool_resize(mempool_t *pool, int new_min_nr);
int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc_fn,
		 mempool_free_t *free_fn, void *pool_data);
void mempool_exit(mempool_t *pool);

#define mempool_init_slab_pool(pool, min_nr, cache)	\
	mempool_init(pool, min_nr, mempool_alloc_slab, mempool_free_slab, (void *)(cache))
#define mempool_init_kmalloc_pool(pool, min_nr, size)	\
	mempool_init(pool, min_nr, mempool_kmalloc, mempool_kfree, (void *)(unsigned long)(size))
#define mempool_init_page_pool(pool, min_nr, order)	\
	mempool_init(pool, min_nr, mempool_alloc_pages, mempool_free_pages, (void *)(unsigned long)(order))

#define mempool_create_node_noprof	mempool_create_node
#define mempool_create_noprof	mempool_create
#define mempool_init_noprof	mempool_init
#define mempool_alloc_noprof	mempool_alloc

int kmem_host_mempool_saturated(mempool_t *pool);
#define mempool_is_saturated(pool)	(!!kmem_host_mempool_saturated(pool))
#else
int mempool_resize(mempool_t *pool, int new_min_nr, gfp_t gfp);
#endif
