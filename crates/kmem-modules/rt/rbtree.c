/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Red-black trees, after Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", chapter 13.  What lies left
 * and right is told apart by an index, so each case is written once.
 */
#include <linux/kernel.h>
#include <linux/rbtree_augmented.h>

#define LEFT	0
#define RIGHT	1

static struct rb_node **rb_side(struct rb_node *node, int side)
{
	return side == LEFT ? &node->rb_left : &node->rb_right;
}

static int rb_side_of(const struct rb_node *node, const struct rb_node *parent)
{
	return parent->rb_left == node ? LEFT : RIGHT;
}

/* who points to a node: its parent, or the root */
static struct rb_node **rb_link_to(struct rb_node *node, struct rb_node *parent, struct rb_root *root)
{
	return parent ? rb_side(parent, rb_side_of(node, parent)) : &root->rb_node;
}

static int rb_red(const struct rb_node *node)
{
	return node && rb_is_red(node);
}

static void rb_paint(struct rb_node *node, int color)
{
	rb_set_parent_color(node, rb_parent(node), color);
}

/* the child on the other side comes up, the node goes down to this side */
static void rb_rotate(struct rb_node *node, int side, struct rb_root *root, const struct rb_augment_callbacks *augment)
{
	struct rb_node *up = *rb_side(node, !side), *inner = *rb_side(up, side), *parent = rb_parent(node);

	*rb_side(node, !side) = inner;
	if (inner)
		rb_set_parent(inner, node);
	*rb_link_to(node, parent, root) = up;
	rb_set_parent(up, parent);
	*rb_side(up, side) = node;
	rb_set_parent(node, up);
	if (augment)
		augment->rotate(node, up);
}

void kmem_rb_insert(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *augment)
{
	struct rb_node *parent;

	while ((parent = rb_parent(node)) != NULL && rb_is_red(parent)) {
		struct rb_node *grand = rb_parent(parent);
		int side = rb_side_of(parent, grand);
		struct rb_node *uncle = *rb_side(grand, !side);

		if (rb_red(uncle)) {
			rb_paint(parent, RB_BLACK);
			rb_paint(uncle, RB_BLACK);
			rb_paint(grand, RB_RED);
			node = grand;
			continue;
		}
		if (rb_side_of(node, parent) != side) {
			rb_rotate(parent, side, root, augment);
			parent = node;
		}
		rb_paint(parent, RB_BLACK);
		rb_paint(grand, RB_RED);
		rb_rotate(grand, !side, root, augment);
		break;
	}
	rb_paint(root->rb_node, RB_BLACK);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	kmem_rb_insert(node, root, NULL);
}

/* the way down to `node`, which may be NULL, has a black one too few */
static void rb_refill(struct rb_node *node, struct rb_node *parent, struct rb_root *root,
		      const struct rb_augment_callbacks *augment)
{
	while (parent && !rb_red(node)) {
		int side = parent->rb_left == node ? LEFT : RIGHT;
		struct rb_node *sibling = *rb_side(parent, !side);

		if (rb_is_red(sibling)) {
			rb_paint(sibling, RB_BLACK);
			rb_paint(parent, RB_RED);
			rb_rotate(parent, side, root, augment);
			sibling = *rb_side(parent, !side);
		}
		if (!rb_red(sibling->rb_left) && !rb_red(sibling->rb_right)) {
			rb_paint(sibling, RB_RED);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!rb_red(*rb_side(sibling, !side))) {
			rb_paint(*rb_side(sibling, side), RB_BLACK);
			rb_paint(sibling, RB_RED);
			rb_rotate(sibling, !side, root, augment);
			sibling = *rb_side(parent, !side);
		}
		rb_paint(sibling, rb_color(parent));
		rb_paint(parent, RB_BLACK);
		rb_paint(*rb_side(sibling, !side), RB_BLACK);
		rb_rotate(parent, side, root, augment);
		return;
	}
	if (node)
		rb_paint(node, RB_BLACK);
}

void kmem_rb_erase(struct rb_node *node, struct rb_root *root, const struct rb_augment_callbacks *augment)
{
	struct rb_node *gone = node, *child, *parent, *next = NULL;
	int color;

	/* with two children the next node, which has no left one, leaves its place and takes this one's */
	if (node->rb_left && node->rb_right) {
		for (next = node->rb_right; next->rb_left; next = next->rb_left)
			;
		gone = next;
	}
	child = gone->rb_left ? gone->rb_left : gone->rb_right;
	parent = rb_parent(gone);
	color = rb_color(gone);
	*rb_link_to(gone, parent, root) = child;
	if (child)
		rb_set_parent(child, parent);
	if (next) {
		struct rb_node *above = rb_parent(node);

		if (parent == node)
			parent = next;
		*next = *node;
		*rb_link_to(node, above, root) = next;
		rb_set_parent(next->rb_left, next);
		if (next->rb_right)
			rb_set_parent(next->rb_right, next);
		if (augment)
			augment->copy(node, next);
	}
	/* the one that moved does not know yet that the old one is gone, whatever those below say */
	if (augment && next && parent != next)
		augment->propagate(parent, next);
	if (augment && (next || parent))
		augment->propagate(next ? next : parent, NULL);
	if (color == RB_BLACK)
		rb_refill(child, parent, root, augment);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	kmem_rb_erase(node, root, NULL);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root)
{
	*new = *victim;
	if (new->rb_left)
		rb_set_parent(new->rb_left, new);
	if (new->rb_right)
		rb_set_parent(new->rb_right, new);
	*rb_link_to(victim, rb_parent(victim), root) = new;
}

/* the way through */

static struct rb_node *rb_furthest(struct rb_node *node, int side)
{
	while (node && *rb_side(node, side))
		node = *rb_side(node, side);
	return node;
}

static struct rb_node *rb_step(const struct rb_node *at, int side)
{
	struct rb_node *node = (struct rb_node *)at, *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (*rb_side(node, side))
		return rb_furthest(*rb_side(node, side), !side);
	while ((parent = rb_parent(node)) != NULL && node == *rb_side(parent, side))
		node = parent;
	return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return rb_furthest(root->rb_node, LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return rb_furthest(root->rb_node, RIGHT);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return rb_step(node, RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return rb_step(node, LEFT);
}

#if KMEM_ERA >= 60
static struct rb_node *rb_first_leaf(struct rb_node *node)
{
	for (;;) {
		if (node->rb_left)
			node = node->rb_left;
		else if (node->rb_right)
			node = node->rb_right;
		else
			return node;
	}
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return root->rb_node ? rb_first_leaf(root->rb_node) : NULL;
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = node ? rb_parent(node) : NULL;

	if (parent && node == parent->rb_left && parent->rb_right)
		return rb_first_leaf(parent->rb_right);
	return parent;
}

/* what the headers of a kernel's own library file call */
void __rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			   void (*rotate)(struct rb_node *old, struct rb_node *new))
{
	struct rb_augment_callbacks augment = { .rotate = rotate };

	kmem_rb_insert(node, root, &augment);
}
#endif
