/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Red-black trees.  Who inserts finds the place himself, links the node there and has the tree put right; a red node has
 * no red child, and all ways down have the same number of black ones.
 */
#pragma once
#include <linux/container_of.h>
#include <linux/rbtree_types.h>
#include <linux/rcupdate.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define rb_parent(node)	((struct rb_node *)((node)->__rb_parent_color & ~3UL))
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member) ({				\
	__typeof__(ptr) __node = (ptr);					\
	__node ? rb_entry(__node, type, member) : NULL; })

#define RB_EMPTY_ROOT(root)	(READ_ONCE((root)->rb_node) == NULL)
/* a node that is its own parent is in no tree */
#define RB_EMPTY_NODE(node)	((node)->__rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node)	((node)->__rb_parent_color = (unsigned long)(node))

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root);

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->__rb_parent_color = (unsigned long)parent;
	node->rb_left = node->rb_right = NULL;
	*link = node;
}

#if KMEM_ERA >= 60
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);
#define rb_replace_node_rcu(victim, new, root)	rb_replace_node(victim, new, root)
#define rb_link_node_rcu(node, parent, link)	rb_link_node(node, parent, link)

/* the nodes may be freed on the way */
#define rbtree_postorder_for_each_entry_safe(pos, n, root, field)	\
	for (pos = rb_entry_safe(rb_first_postorder(root), __typeof__(*pos), field);	\
	     pos && ({ n = rb_entry_safe(rb_next_postorder(&pos->field), __typeof__(*pos), field); 1; });	\
	     pos = n)

#define rb_first_cached(root)	((root)->rb_leftmost)

static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root, bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}

/* returns the new leftmost node if it was that one */
static inline struct rb_node *rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	struct rb_node *leftmost = NULL;

	if (root->rb_leftmost == node)
		leftmost = root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
	return leftmost;
}

static inline void rb_replace_node_cached(struct rb_node *victim, struct rb_node *new, struct rb_root_cached *root)
{
	if (root->rb_leftmost == victim)
		root->rb_leftmost = new;
	rb_replace_node(victim, new, &root->rb_root);
}

/* insertion and search by a comparison */

/* goes down to where a node belongs, to the right of equal ones; true if it never went right */
static __always_inline bool kmem_rb_link(struct rb_node *node, struct rb_root *root,
					 bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (less(node, parent)) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(node, parent, link);
	return leftmost;
}

static __always_inline void rb_add(struct rb_node *node, struct rb_root *root,
				   bool (*less)(struct rb_node *, const struct rb_node *))
{
	kmem_rb_link(node, root, less);
	rb_insert_color(node, root);
}

static __always_inline struct rb_node *rb_add_cached(struct rb_node *node, struct rb_root_cached *root,
						     bool (*less)(struct rb_node *, const struct rb_node *))
{
	bool leftmost = kmem_rb_link(node, &root->rb_root, less);

	rb_insert_color_cached(node, root, leftmost);
	return leftmost ? node : NULL;
}

/* returns the equal node if there is one, and adds nothing then */
static __always_inline struct rb_node *rb_find_add(struct rb_node *node, struct rb_root *root,
						   int (*cmp)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		int c;

		parent = *link;
		c = cmp(node, parent);
		if (!c)
			return parent;
		link = c < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
	return NULL;
}

static __always_inline struct rb_node *rb_find(const void *key, const struct rb_root *root,
					       int (*cmp)(const void *key, const struct rb_node *))
{
	struct rb_node *node = root->rb_node;
	int c;

	while (node && (c = cmp(key, node)) != 0)
		node = c < 0 ? node->rb_left : node->rb_right;
	return node;
}

/* the leftmost of the equal ones */
static __always_inline struct rb_node *rb_find_first(const void *key, const struct rb_root *root,
						     int (*cmp)(const void *key, const struct rb_node *))
{
	struct rb_node *node = root->rb_node, *match = NULL;

	while (node) {
		int c = cmp(key, node);

		if (!c)
			match = node;
		node = c <= 0 ? node->rb_left : node->rb_right;
	}
	return match;
}

static __always_inline struct rb_node *rb_next_match(const void *key, struct rb_node *node,
						     int (*cmp)(const void *key, const struct rb_node *))
{
	node = rb_next(node);
	return node && !cmp(key, node) ? node : NULL;
}

#define rb_for_each(node, key, root, cmp)	\
	for ((node) = rb_find_first((key), (root), (cmp)); (node); (node) = rb_next_match((key), (node), (cmp)))
#else
#define RB_RED		0
#define RB_BLACK	1
#define rb_color(node)	((node)->__rb_parent_color & 1)
#endif
