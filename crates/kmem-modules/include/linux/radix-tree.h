/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Trees of pointers by number. */
#pragma once
#include <linux/gfp.h>
#include <linux/preempt.h>
#include <linux/rbtree_types.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#if KMEM_ERA >= 60
#include <linux/xarray.h>
#endif

struct radix_tree_root {
	struct rb_root kmem_entries;
	gfp_t gfp_mask;
};

#define RADIX_TREE_INIT(name, mask)	{ .gfp_mask = (mask) }
#define RADIX_TREE(name, mask)	struct radix_tree_root name = { .gfp_mask = (mask) }
#define INIT_RADIX_TREE(root, mask)	(*(root) = (struct radix_tree_root){ .gfp_mask = (mask) })
#define RADIX_TREE_MAX_TAGS	3

int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item);
void *radix_tree_lookup(const struct radix_tree_root *root, unsigned long index);
void *radix_tree_delete(struct radix_tree_root *root, unsigned long index);
unsigned int radix_tree_gang_lookup(const struct radix_tree_root *root, void **results, unsigned long first,
				    unsigned int max);
unsigned int radix_tree_gang_lookup_tag(const struct radix_tree_root *root, void **results, unsigned long first,
					unsigned int max, unsigned int tag);
void *radix_tree_tag_set(struct radix_tree_root *root, unsigned long index, unsigned int tag);
void *radix_tree_tag_clear(struct radix_tree_root *root, unsigned long index, unsigned int tag);
int radix_tree_tag_get(const struct radix_tree_root *root, unsigned long index, unsigned int tag);
int radix_tree_tagged(const struct radix_tree_root *root, unsigned int tag);
#define radix_tree_preload(gfp)	({ preempt_disable(); 0; })
#define radix_tree_preload_end()	preempt_enable()
#define radix_tree_maybe_preload(gfp)	radix_tree_preload(gfp)

static inline int radix_tree_empty(const struct radix_tree_root *root)
{
	return !root->kmem_entries.rb_node;
}
