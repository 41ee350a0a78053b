/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists that end in a number, walked while they change. */
#pragma once
#include <linux/list_nulls.h>
#include <linux/rcupdate.h>

#define hlist_nulls_first_rcu(head)	(*((struct hlist_nulls_node **)&(head)->first))
#define hlist_nulls_next_rcu(node)	(*((struct hlist_nulls_node **)&(node)->next))
#define hlist_nulls_add_head_rcu(node, head)	hlist_nulls_add_head(node, head)
#define hlist_nulls_del_rcu(node)	hlist_nulls_del(node)

static inline void hlist_nulls_del_init_rcu(struct hlist_nulls_node *node)
{
	if (!hlist_nulls_unhashed(node)) {
		__hlist_nulls_del(node);
		node->pprev = NULL;
	}
}

#define hlist_nulls_for_each_entry_rcu(tpos, pos, head, member)	\
	hlist_nulls_for_each_entry(tpos, pos, head, member)
