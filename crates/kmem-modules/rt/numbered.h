/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Entries by number in a red-black tree: what xarrays, IDRs and radix trees are made of. Its memory is the runtime's. */
#pragma once
#include <linux/rbtree.h>
#include <linux/types.h>

struct numbered {
	struct rb_node node;
	unsigned long number;
	void *entry;
	unsigned int marks;
};

/* the one with this number, or the next one above it; NULL if there is none */
struct numbered *kmem_numbered_from(const struct rb_root *root, unsigned long number);
struct numbered *kmem_numbered_find(const struct rb_root *root, unsigned long number);
struct numbered *kmem_numbered_next(const struct numbered *at);
/* makes it if it is not there; NULL: no memory */
struct numbered *kmem_numbered_add(struct rb_root *root, unsigned long number);
void *kmem_numbered_drop(struct rb_root *root, struct numbered *at);
void kmem_numbered_drop_all(struct rb_root *root);
/* the lowest number in a range that nobody has; 0 if there is none */
int kmem_numbered_free(const struct rb_root *root, unsigned long min, unsigned long max, unsigned long *number);
