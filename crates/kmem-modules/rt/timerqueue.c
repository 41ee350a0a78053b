/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Points in time in their order. */
#if KMEM_ERA >= 60
#include <linux/timerqueue.h>
#include <linux/bug.h>

static bool comes_before(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct timerqueue_node, node)->expires < rb_entry(b, struct timerqueue_node, node)->expires;
}

bool timerqueue_add(struct timerqueue_head *head, struct timerqueue_node *node)
{
	WARN_ON_ONCE(!RB_EMPTY_NODE(&node->node));
	return rb_add_cached(&node->node, &head->rb_root, comes_before) != NULL;
}

bool timerqueue_del(struct timerqueue_head *head, struct timerqueue_node *node)
{
	WARN_ON_ONCE(RB_EMPTY_NODE(&node->node));
	rb_erase_cached(&node->node, &head->rb_root);
	RB_CLEAR_NODE(&node->node);
	return !RB_EMPTY_ROOT(&head->rb_root.rb_root);
}

struct timerqueue_node *timerqueue_iterate_next(struct timerqueue_node *node)
{
	return node ? rb_entry_safe(rb_next(&node->node), struct timerqueue_node, node) : NULL;
}
#endif
