// SPDX-License-Identifier: MIT OR Apache-2.0
/* What 2.6 has in other places or answers in its own way. FAULT chooses what its kernel ends a module for. */
#include <linux/config.h>
#include <linux/highmem.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/slab.h>

#ifndef FAULT
#define FAULT	0
#endif

struct item {
	int value;
	struct list_head list;
	struct hlist_node hash;
};

static LIST_HEAD(items);
static HLIST_HEAD(bucket);
static int made, verified;

static void ctor(void *object, kmem_cache_t *cache, unsigned long flags)
{
	if (!(flags & SLAB_CTOR_CONSTRUCTOR))
		return;
	if (flags & SLAB_CTOR_VERIFY) {
		verified += ((struct item *)object)->value == 7;
		return;
	}
	((struct item *)object)->value = 7;
	made++;
}

#if FAULT == 4
static int asked;
/* fills the reserve and gives nothing more */
static void *nothing(int gfp, void *cache)
{
	return asked++ < 2 ? kmem_cache_alloc(cache, gfp) : NULL;
}
#endif

/* they are in list.h */
static int walk(void)
{
	struct item one = { 1 }, two = { 2 }, *item;
	struct hlist_node *node;
	int sum = 0;

	list_add_rcu(&one.list, &items);
	list_add_tail_rcu(&two.list, &items);
	hlist_add_head_rcu(&one.hash, &bucket);
	rcu_read_lock();
	list_for_each_entry_rcu(item, &items, list)
		sum = 10 * sum + item->value;
	hlist_for_each_entry_rcu(item, node, &bucket, hash)
		sum = 10 * sum + item->value;
	rcu_read_unlock();
	list_del_rcu(&one.list);
	hlist_del_rcu(&one.hash);
	list_del(&two.list);
	return sum;
}

/* each temporary mapping has a slot: they end in any order */
static int slots(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER), *other = alloc_page(GFP_HIGHUSER);
	char *first = kmap_atomic(page, KM_USER0), *second = kmap_atomic(other, KM_USER1);
	int sum;

	first[0] = 3;
	second[0] = 4;
	kunmap_atomic(first, KM_USER0);
	sum = second[0];
	kunmap_atomic(second, KM_USER1);
	first = kmap_atomic(page, KM_USER0);
	sum = 10 * sum + first[0];
	kunmap_atomic(first, KM_USER0);
	__free_page(page);
	__free_page(other);
	return sum;
}

static int __init names_init(void)
{
	kmem_cache_t *cache = kmem_cache_create("names", sizeof(struct item), 0, SLAB_DEBUG_INITIAL, ctor, NULL);
	size_t size = 131073;
	void *object = kmem_cache_alloc(cache, SLAB_KERNEL);

	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	BUG_ON((unsigned long)LIST_POISON2 - (unsigned long)LIST_POISON1 != 0x100);
	printk(KERN_INFO "walked %d, verified %d, large %d, slots %d\n", walk(), verified,
	       kmalloc(size, GFP_KERNEL) != NULL, slots());
#if FAULT == 1
	cache = kmem_cache_create("twice", 80, 0, 0, NULL, NULL);
	kmem_cache_create("twice", 80, 0, 0, NULL, NULL);
#elif FAULT == 2
	kmem_cache_create(NULL, 80, 0, 0, NULL, NULL);
#elif FAULT == 4
	cache = kmem_cache_create("pool", 80, 0, 0, NULL, NULL);
	mempool_t *pool = mempool_create(2, nothing, mempool_free_slab, cache);
	mempool_alloc(pool, GFP_KERNEL);
	mempool_destroy(pool);
#elif FAULT == 3
	kmalloc(131073, GFP_KERNEL);
#endif
	return made ? 0 : -EINVAL;
}

static void __exit names_exit(void)
{
}

module_init(names_init);
module_exit(names_exit);
MODULE_LICENSE("Dual MIT/GPL");
