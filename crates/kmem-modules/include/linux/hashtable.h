/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hash tables of a fixed size. */
#pragma once
#if KMEM_ERA < 60
#error linux/hashtable.h came after 2.6.18
#endif
#include <linux/list.h>
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/rculist.h>

#define DEFINE_HASHTABLE(name, bits)	\
	struct hlist_head name[1 << (bits)] = { [0 ... ((1 << (bits)) - 1)] = HLIST_HEAD_INIT }
#define DECLARE_HASHTABLE(name, bits)	struct hlist_head name[1 << (bits)]
#define HASH_SIZE(name)	(ARRAY_SIZE(name))
#define HASH_BITS(name)	ilog2(HASH_SIZE(name))
#define hash_min(val, bits)	\
	(sizeof(val) <= 4 ? hash_32(val, bits) : hash_long(val, bits))
#define __kmem_bucket(table, key)	(&(table)[hash_min(key, HASH_BITS(table))])

static inline void __hash_init(struct hlist_head *table, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		INIT_HLIST_HEAD(&table[i]);
}

static inline bool __hash_empty(struct hlist_head *table, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		if (!hlist_empty(&table[i]))
			return false;
	return true;
}

static inline bool hash_hashed(struct hlist_node *node)
{
	return !hlist_unhashed(node);
}

static inline void hash_del(struct hlist_node *node)
{
	hlist_del_init(node);
}

#define hash_init(table)	__hash_init(table, HASH_SIZE(table))
#define hash_empty(table)	__hash_empty(table, HASH_SIZE(table))
#define hash_add(table, node, key)	hlist_add_head(node, __kmem_bucket(table, key))
#define hash_add_rcu(table, node, key)	hlist_add_head_rcu(node, __kmem_bucket(table, key))
#define hash_del_rcu(node)	hlist_del_init_rcu(node)
#define hash_for_each(name, bkt, obj, member)				\
	for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < HASH_SIZE(name); (bkt)++)	\
		hlist_for_each_entry(obj, &name[bkt], member)
#define hash_for_each_safe(name, bkt, tmp, obj, member)			\
	for ((bkt) = 0, obj = NULL; obj == NULL && (bkt) < HASH_SIZE(name); (bkt)++)	\
		hlist_for_each_entry_safe(obj, tmp, &name[bkt], member)
#define hash_for_each_rcu(name, bkt, obj, member)	hash_for_each(name, bkt, obj, member)
#define hash_for_each_possible(name, obj, member, key)	\
	hlist_for_each_entry(obj, __kmem_bucket(name, key), member)
#define hash_for_each_possible_rcu(name, obj, member, key, cond...)	\
	hash_for_each_possible(name, obj, member, key)
#define hash_for_each_possible_safe(name, obj, tmp, member, key)	\
	hlist_for_each_entry_safe(obj, tmp, __kmem_bucket(name, key), member)
