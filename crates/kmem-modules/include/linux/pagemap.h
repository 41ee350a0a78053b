/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pages of files: sizes and offsets. */
#pragma once
#include <linux/mm.h>
#include <linux/fs.h>
#include <linux/highmem.h>

#if KMEM_ERA < 60
#define PAGE_CACHE_SHIFT	PAGE_SHIFT
#define PAGE_CACHE_SIZE		PAGE_SIZE
#define PAGE_CACHE_MASK		PAGE_MASK
#define PAGE_CACHE_ALIGN(addr)	PAGE_ALIGN(addr)
#define page_cache_get(page)	get_page(page)
#define page_cache_release(page)	put_page(page)
#endif
