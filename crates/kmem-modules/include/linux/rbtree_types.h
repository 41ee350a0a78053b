/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Nodes and roots of red-black trees. */
#pragma once

/* the colour is the lowest bit of the parent's address: 0 red, 1 black */
struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} __attribute__((__aligned__(sizeof(long))));

struct rb_root {
	struct rb_node *rb_node;
};

/* a tree that knows its leftmost node */
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT	(struct rb_root) { NULL, }
#define RB_ROOT_CACHED	(struct rb_root_cached) { { NULL, }, NULL }
