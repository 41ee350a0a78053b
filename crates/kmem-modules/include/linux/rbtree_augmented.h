/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Red-black trees whose nodes know something of what is below them.  `propagate` makes it right from a node up to
 * another, `copy` gives a node what another had, `rotate` moves it when a node takes the place of another.
 */
#pragma once
#include <linux/rbtree.h>

#ifndef RB_RED
#define RB_RED		0
#define RB_BLACK	1
#endif
#define __rb_parent(pc)	((struct rb_node *)((pc) & ~3UL))
#define __rb_color(pc)	((pc) & 1)
#define __rb_is_black(pc)	__rb_color(pc)
#define __rb_is_red(pc)	(!__rb_color(pc))
#undef rb_color
#define rb_color(node)	__rb_color((node)->__rb_parent_color)
#define rb_is_red(node)	__rb_is_red((node)->__rb_parent_color)
#define rb_is_black(node)	__rb_is_black((node)->__rb_parent_color)

static inline void rb_set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->__rb_parent_color = rb_color(node) | (unsigned long)parent;
}

static inline void rb_set_parent_color(struct rb_node *node, struct rb_node *parent, int color)
{
	node->__rb_parent_color = (unsigned long)parent | color;
}

struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	void (*copy)(struct rb_node *old, struct rb_node *new);
	void (*rotate)(struct rb_node *old, struct rb_node *new);
};

void kmem_rb_insert(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *augment);
void kmem_rb_erase(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *augment);

/* who inserts has brought the nodes above up to date */
static inline void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
				       const struct rb_augment_callbacks *augment)
{
	kmem_rb_insert(node, root, augment);
}

#if KMEM_ERA >= 60
static inline void rb_insert_augmented_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost,
					      const struct rb_augment_callbacks *augment)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_augmented(node, &root->rb_root, augment);
}

#endif

static inline void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
				      const struct rb_augment_callbacks *augment)
{
	kmem_rb_erase(node, root, augment);
}

#if KMEM_ERA >= 60
static inline void rb_erase_augmented_cached(struct rb_node *node, struct rb_root_cached *root,
					     const struct rb_augment_callbacks *augment)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	rb_erase_augmented(node, &root->rb_root, augment);
}

/* compute(node, exit): sets what the node knows; true if it was right and the way up may end */
#define RB_DECLARE_CALLBACKS(linkage, name, type, field, known, compute)	\
static inline void name##_propagate(struct rb_node *rb, struct rb_node *stop)	\
{									\
	while (rb != stop) {						\
		type *node = rb_entry(rb, type, field);			\
									\
		if (compute(node, true))				\
			break;						\
		rb = rb_parent(&node->field);				\
	}								\
}									\
static inline void name##_copy(struct rb_node *from, struct rb_node *to)	\
{									\
	rb_entry(to, type, field)->known = rb_entry(from, type, field)->known;	\
}									\
static void name##_rotate(struct rb_node *from, struct rb_node *to)	\
{									\
	name##_copy(from, to);						\
	compute(rb_entry(from, type, field), false);			\
}									\
linkage const struct rb_augment_callbacks name = {			\
	.propagate = name##_propagate,					\
	.copy = name##_copy,						\
	.rotate = name##_rotate						\
};

/* what a node knows is the largest of compute(node) below it */
#define RB_DECLARE_CALLBACKS_MAX(linkage, name, type, field, valtype, known, compute)	\
static inline bool name##_compute_max(type *node, bool exit)		\
{									\
	struct rb_node *below[] = { node->field.rb_left, node->field.rb_right };	\
	valtype max = compute(node);					\
	unsigned int i;							\
									\
	for (i = 0; i < 2; i++)						\
		if (below[i] && rb_entry(below[i], type, field)->known > max)	\
			max = rb_entry(below[i], type, field)->known;	\
	if (exit && node->known == max)					\
		return true;						\
	node->known = max;						\
	return false;							\
}									\
RB_DECLARE_CALLBACKS(linkage, name, type, field, known, name##_compute_max)
#endif
