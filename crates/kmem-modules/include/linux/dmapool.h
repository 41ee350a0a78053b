/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Small objects that a device shares: cut from coherent pages. */
#pragma once
#include <linux/types.h>
#include <linux/gfp.h>
#include <linux/scatterlist.h>

struct device;
struct dma_pool;

struct dma_pool *dma_pool_create(const char *name, struct device *dev, size_t size, size_t align, size_t boundary);
void dma_pool_destroy(struct dma_pool *pool);
void *dma_pool_alloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle);
void dma_pool_free(struct dma_pool *pool, void *vaddr, dma_addr_t addr);
#if KMEM_ERA >= 60
#define dma_pool_zalloc(pool, gfp, handle)	dma_pool_alloc((pool), (gfp) | __GFP_ZERO, (handle))
struct dma_pool *dmam_pool_create(const char *name, struct device *dev, size_t size, size_t align,
				  size_t allocation);
void dmam_pool_destroy(struct dma_pool *pool);
#endif
