/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists that readers walk while a writer changes them. */
#pragma once
#include <linux/list.h>
#include <linux/rcupdate.h>

#define INIT_LIST_HEAD_RCU(list)	INIT_LIST_HEAD(list)
#define list_next_rcu(list)	(*((struct list_head **)(&(list)->next)))
#define list_add_rcu(new, head)	list_add(new, head)
#define list_add_tail_rcu(new, head)	list_add_tail(new, head)
#define list_replace_rcu(old, new) do {				\
	list_replace(old, new);					\
	(old)->prev = LIST_POISON2;				\
} while (0)

/* the way forward stays open for readers */
static inline void list_del_rcu(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->prev = LIST_POISON2;
}

static inline void hlist_del_rcu(struct hlist_node *n)
{
	__hlist_del(n);
	n->pprev = LIST_POISON2;
}

static inline void hlist_del_init_rcu(struct hlist_node *n)
{
	if (!hlist_unhashed(n)) {
		__hlist_del(n);
		n->pprev = NULL;
	}
}

#define hlist_add_head_rcu(n, h)	hlist_add_head(n, h)
#define hlist_add_before_rcu(n, next)	hlist_add_before(n, next)
#define hlist_first_rcu(head)	(*((struct hlist_node **)(&(head)->first)))
#define hlist_next_rcu(node)	(*((struct hlist_node **)(&(node)->next)))
#if KMEM_ERA >= 60
#define hlist_add_behind_rcu(n, prev)	hlist_add_behind(n, prev)
#define hlist_add_tail_rcu(n, h) do {				\
	struct hlist_node *__last = (h)->first;			\
	while (__last && __last->next)				\
		__last = __last->next;				\
	if (__last)						\
		hlist_add_behind(n, __last);			\
	else							\
		hlist_add_head(n, h);				\
} while (0)
#define list_entry_rcu(ptr, type, member)	container_of(READ_ONCE(ptr), type, member)
#define list_first_or_null_rcu(ptr, type, member)	list_first_entry_or_null(ptr, type, member)
#define list_for_each_entry_rcu(pos, head, member, cond...)	list_for_each_entry(pos, head, member)
#define list_for_each_entry_lockless(pos, head, member)	list_for_each_entry(pos, head, member)
#define list_for_each_entry_continue_rcu(pos, head, member)	list_for_each_entry_continue(pos, head, member)
#define hlist_for_each_entry_rcu(pos, head, member, cond...)	hlist_for_each_entry(pos, head, member)
#define hlist_for_each_entry_rcu_bh(pos, head, member)	hlist_for_each_entry(pos, head, member)
#define hlist_for_each_entry_rcu_notrace(pos, head, member)	hlist_for_each_entry(pos, head, member)
#define list_splice_init_rcu(list, head, sync)	list_splice_init(list, head)
#else
#define list_for_each_rcu(pos, head)	list_for_each(pos, head)
#define list_for_each_safe_rcu(pos, n, head)	list_for_each_safe(pos, n, head)
#define list_for_each_entry_rcu(pos, head, member)	list_for_each_entry(pos, head, member)
#define hlist_for_each_entry_rcu(tpos, pos, head, member)	hlist_for_each_entry(tpos, pos, head, member)
#endif
