/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Entries by number. */
#include <linux/kernel.h>
#include "numbered.h"
#include "rt.h"

struct numbered *kmem_numbered_from(const struct rb_root *root, unsigned long number)
{
	struct rb_node *node = root->rb_node;
	struct numbered *best = NULL;

	while (node) {
		struct numbered *at = rb_entry(node, struct numbered, node);

		if (at->number == number)
			return at;
		if (at->number > number) {
			best = at;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

struct numbered *kmem_numbered_find(const struct rb_root *root, unsigned long number)
{
	struct numbered *at = kmem_numbered_from(root, number);

	return at && at->number == number ? at : NULL;
}

struct numbered *kmem_numbered_next(const struct numbered *at)
{
	struct rb_node *node = rb_next(&at->node);

	return node ? rb_entry(node, struct numbered, node) : NULL;
}

struct numbered *kmem_numbered_add(struct rb_root *root, unsigned long number)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;
	struct numbered *at;

	while (*link) {
		parent = *link;
		at = rb_entry(parent, struct numbered, node);
		if (at->number == number)
			return at;
		link = number < at->number ? &parent->rb_left : &parent->rb_right;
	}
	at = kmem_rt_zalloc(sizeof(*at));
	if (!at)
		return NULL;
	at->number = number;
	rb_link_node(&at->node, parent, link);
	rb_insert_color(&at->node, root);
	return at;
}

void *kmem_numbered_drop(struct rb_root *root, struct numbered *at)
{
	void *entry = at->entry;

	rb_erase(&at->node, root);
	kmem_host_rt_free(at);
	return entry;
}

void kmem_numbered_drop_all(struct rb_root *root)
{
	while (root->rb_node)
		kmem_numbered_drop(root, rb_entry(root->rb_node, struct numbered, node));
}

int kmem_numbered_free(const struct rb_root *root, unsigned long min, unsigned long max, unsigned long *number)
{
	struct numbered *at;

	for (at = kmem_numbered_from(root, min); at && at->number == min && min < max; at = kmem_numbered_next(at))
		min++;
	if (min > max || (at && at->number == min))
		return 0;
	*number = min;
	return 1;
}
