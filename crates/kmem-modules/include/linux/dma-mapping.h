/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory for devices: shared buffers, and mappings of a driver's memory for one transfer. A bus address is a physical one. */
#pragma once
#include <linux/device.h>
#include <linux/err.h>
#include <linux/sizes.h>
#include <linux/scatterlist.h>

enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
	DMA_NONE,
};

#define DMA_BIT_MASK(n)	((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
#define DMA_MAPPING_ERROR	(~(dma_addr_t)0)
#define DMA_ATTR_WEAK_ORDERING	(1UL << 1)
#define DMA_ATTR_WRITE_COMBINE	(1UL << 2)
#define DMA_ATTR_NO_KERNEL_MAPPING	(1UL << 4)
#define DMA_ATTR_SKIP_CPU_SYNC	(1UL << 5)
#define DMA_ATTR_FORCE_CONTIGUOUS	(1UL << 6)
#define DMA_ATTR_NO_WARN	(1UL << 8)

void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp);
void dma_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t handle);
dma_addr_t dma_map_single(struct device *dev, void *ptr, size_t size, enum dma_data_direction dir);
void dma_unmap_single(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir);
dma_addr_t dma_map_page(struct device *dev, struct page *page, size_t offset, size_t size,
			enum dma_data_direction dir);
void dma_unmap_page(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir);
int dma_map_sg(struct device *dev, struct scatterlist *sg, int nents, enum dma_data_direction dir);
void dma_unmap_sg(struct device *dev, struct scatterlist *sg, int nents, enum dma_data_direction dir);
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir);
void dma_sync_single_for_device(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir);
int dma_set_mask(struct device *dev, u64 mask);
#define dma_supported(dev, mask)	((void)(dev), (mask) >= 0xffffff)

#if KMEM_ERA >= 60
int dma_mapping_error(struct device *dev, dma_addr_t addr);
int dma_set_coherent_mask(struct device *dev, u64 mask);
int dma_set_mask_and_coherent(struct device *dev, u64 mask);
#define dma_coerce_mask_and_coherent(dev, mask)	\
	((dev)->dma_mask = &(dev)->coherent_dma_mask, dma_set_mask_and_coherent((dev), (mask)))
#define dma_get_mask(dev)	((dev)->dma_mask ? *(dev)->dma_mask : DMA_BIT_MASK(32))
#define dma_get_required_mask(dev)	((void)(dev), DMA_BIT_MASK(32))
#define dma_max_mapping_size(dev)	((void)(dev), (size_t)SIZE_MAX)
#define dma_get_cache_alignment()	((int)ARCH_KMALLOC_MINALIGN)
#define dma_set_max_seg_size(dev, size)	((void)(dev), (void)(size), 0)
#define dma_set_seg_boundary(dev, mask)	((void)(dev), (void)(mask), 0)
#define dma_zalloc_coherent(dev, size, handle, gfp)	dma_alloc_coherent(dev, size, handle, (gfp) | __GFP_ZERO)
#define dma_alloc_attrs(dev, size, handle, gfp, attrs)	\
	((void)(attrs), dma_alloc_coherent((dev), (size), (handle), (gfp)))
#define dma_free_attrs(dev, size, cpu, handle, attrs)	\
	((void)(attrs), dma_free_coherent((dev), (size), (cpu), (handle)))
#define dma_alloc_wc(dev, size, handle, gfp)	dma_alloc_coherent((dev), (size), (handle), (gfp))
#define dma_free_wc(dev, size, cpu, handle)	dma_free_coherent((dev), (size), (cpu), (handle))
#define dma_alloc_noncoherent(dev, size, handle, dir, gfp)	\
	((void)(dir), dma_alloc_coherent((dev), (size), (handle), (gfp)))
#define dma_free_noncoherent(dev, size, cpu, handle, dir)	\
	((void)(dir), dma_free_coherent((dev), (size), (cpu), (handle)))
void *dmam_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp);
void dmam_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t handle);
#define dmam_alloc_attrs(dev, size, handle, gfp, attrs)	\
	((void)(attrs), dmam_alloc_coherent((dev), (size), (handle), (gfp)))
#define dma_map_single_attrs(dev, ptr, size, dir, attrs)	\
	((void)(attrs), dma_map_single((dev), (ptr), (size), (dir)))
#define dma_unmap_single_attrs(dev, addr, size, dir, attrs)	\
	((void)(attrs), dma_unmap_single((dev), (addr), (size), (dir)))
#define dma_map_page_attrs(dev, page, offset, size, dir, attrs)	\
	((void)(attrs), dma_map_page((dev), (page), (offset), (size), (dir)))
#define dma_unmap_page_attrs(dev, addr, size, dir, attrs)	\
	((void)(attrs), dma_unmap_page((dev), (addr), (size), (dir)))
#define dma_map_sg_attrs(dev, sg, nents, dir, attrs)	((void)(attrs), dma_map_sg((dev), (sg), (nents), (dir)))
#define dma_unmap_sg_attrs(dev, sg, nents, dir, attrs)	((void)(attrs), dma_unmap_sg((dev), (sg), (nents), (dir)))
void dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sg, int nents, enum dma_data_direction dir);
void dma_sync_sg_for_device(struct device *dev, struct scatterlist *sg, int nents, enum dma_data_direction dir);
#define dma_sync_single_range_for_cpu(dev, addr, offset, size, dir)	\
	dma_sync_single_for_cpu((dev), (addr), (offset) + (size), (dir))
#define dma_sync_single_range_for_device(dev, addr, offset, size, dir)	\
	dma_sync_single_for_device((dev), (addr), (offset) + (size), (dir))
#define DEFINE_DMA_UNMAP_ADDR(name)	dma_addr_t name
#define DEFINE_DMA_UNMAP_LEN(name)	__u32 name
#define dma_unmap_addr(ptr, name)	((ptr)->name)
#define dma_unmap_addr_set(ptr, name, value)	((ptr)->name = (value))
#define dma_unmap_len(ptr, name)	((ptr)->name)
#define dma_unmap_len_set(ptr, name, value)	((ptr)->name = (value))
#else
int dma_mapping_error(dma_addr_t addr);
#endif
