/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What tests of slabs look at inside of the kernel. A cache is a number to the host, which writes here what it is like. */
#pragma once
#include <linux/kasan.h>
#include <linux/kfence.h>
#include <linux/list.h>
#include <linux/reciprocal_div.h>
#include <linux/slab.h>

struct kmem_cache {
	void *cpu_slab;
	slab_flags_t flags;
	unsigned long min_partial;
	unsigned int size;		/* from one object to the next */
	unsigned int object_size;
	struct reciprocal_value reciprocal_size;
	unsigned int offset;		/* where a free object's link lies */
	unsigned int oo, min;		/* the order of a slab above its objects */
	gfp_t allocflags;
	int refcount;
	void (*ctor)(void *object);
	unsigned int inuse;
	unsigned int align;
	unsigned int red_left_pad;
	const char *name;
};

long validate_slab_cache(struct kmem_cache *cache);
void *kmem_host_cache_alloc_for(struct kmem_cache *cache, gfp_t gfp, size_t size);
#define __kmalloc_cache_noprof(cache, gfp, size)	kmem_host_cache_alloc_for(cache, gfp, size)
#define kmalloc_trace(cache, gfp, size)	kmem_host_cache_alloc_for(cache, gfp, size)
