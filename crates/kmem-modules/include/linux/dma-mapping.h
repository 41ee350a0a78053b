/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses for devices: the direction of a transfer; a bus address is a physical one. */
#pragma once
#include <linux/device.h>
#include <linux/err.h>
#include <linux/scatterlist.h>

enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
	DMA_NONE,
};

#define DMA_BIT_MASK(n)	((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)
#define DMA_MAPPING_ERROR	(~(dma_addr_t)0)
