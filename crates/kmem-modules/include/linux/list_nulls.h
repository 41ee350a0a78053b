/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists that end in a number instead of nothing, so that who walks one knows which it was: the lowest bit marks the end. */
#pragma once
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/poison.h>
#include <linux/types.h>

struct hlist_nulls_head {
	struct hlist_nulls_node *first;
};

struct hlist_nulls_node {
	struct hlist_nulls_node *next, **pprev;
};

#define NULLS_MARKER(value)	(1UL | ((long)(value) << 1))
#define INIT_HLIST_NULLS_HEAD(ptr, nulls)	\
	((ptr)->first = (struct hlist_nulls_node *)NULLS_MARKER(nulls))
#define HLIST_NULLS_HEAD_INIT(nulls)	{ .first = (struct hlist_nulls_node *)NULLS_MARKER(nulls) }
#define hlist_nulls_entry(ptr, type, member)	container_of(ptr, type, member)

static inline int is_a_nulls(const struct hlist_nulls_node *ptr)
{
	return (unsigned long)ptr & 1;
}

static inline unsigned long get_nulls_value(const struct hlist_nulls_node *ptr)
{
	return (unsigned long)ptr >> 1;
}

static inline int hlist_nulls_unhashed(const struct hlist_nulls_node *node)
{
	return !node->pprev;
}

static inline int hlist_nulls_empty(const struct hlist_nulls_head *head)
{
	return is_a_nulls(READ_ONCE(head->first));
}

static inline void hlist_nulls_add_head(struct hlist_nulls_node *node, struct hlist_nulls_head *head)
{
	node->next = head->first;
	node->pprev = &head->first;
	head->first = node;
	if (!is_a_nulls(node->next))
		node->next->pprev = &node->next;
}

static inline void __hlist_nulls_del(struct hlist_nulls_node *node)
{
	*node->pprev = node->next;
	if (!is_a_nulls(node->next))
		node->next->pprev = node->pprev;
}

static inline void hlist_nulls_del(struct hlist_nulls_node *node)
{
	__hlist_nulls_del(node);
	node->pprev = LIST_POISON2;
}

#define hlist_nulls_for_each_entry(tpos, pos, head, member)		\
	for (pos = (head)->first;					\
	     !is_a_nulls(pos) && ({ tpos = hlist_nulls_entry(pos, __typeof__(*tpos), member); 1; });	\
	     pos = pos->next)
#define hlist_nulls_for_each_entry_from(tpos, pos, member)		\
	for (; !is_a_nulls(pos) && ({ tpos = hlist_nulls_entry(pos, __typeof__(*tpos), member); 1; });	\
	     pos = pos->next)
