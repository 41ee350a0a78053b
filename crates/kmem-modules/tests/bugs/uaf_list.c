/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

struct node {
	struct list_head list;
	int value;
};

static int run(void)
{
	struct node *node, *next;
	LIST_HEAD(list);
	int i;

	for (i = 0; i < 3; i++) {
		node = kzalloc(sizeof(*node), GFP_KERNEL);
		list_add(&node->list, &list);
	}
	next = NULL;
	list_for_each_entry(node, &list, list) /* BUG: use-after-free */ /* FIX: list_for_each_entry_safe(node, next, &list, list) */
		kfree(node);
	use(next);
	return 0;
}
