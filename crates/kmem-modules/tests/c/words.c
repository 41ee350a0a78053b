// SPDX-License-Identifier: MIT OR Apache-2.0
/* Slips that a kernel has words for; FAULT chooses one. */
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);
static LIST_HEAD(list);
static struct list_head entry;

/* the first of two mappings ends before the second */
static void close_too_early(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER), *other = alloc_page(GFP_HIGHUSER);
	void *first = kmap_local_page(page), *second = kmap_local_page(other);

	kunmap_local(first);
	kunmap_local(second);
	first = kmap_local_page(page);
	kunmap_local(first);
	__free_page(page);
	__free_page(other);
}

static int __init words_init(void)
{
	struct kmem_cache *cache;

	switch (FAULT) {
	case 1:
		spin_lock(&lock);
		kfree(kmalloc(8, GFP_KERNEL));
		kfree(kmalloc(8, GFP_KERNEL));
		spin_unlock(&lock);
		break;
	case 2:
		list_add(&entry, &list);
		list_add(&entry, &list);
		break;
	case 3:
		list_add(&entry, &list);
		list_del(&entry);
		list_del(&entry);
		break;
	case 4:
		kmem_cache_create(NULL, 8, 0, 0, NULL);
		break;
	case 5:
		kmem_cache_create("large", KMALLOC_MAX_SIZE + 1, 0, 0, NULL);
		break;
	case 6:
		local_bh_disable();
		cache = kmem_cache_create("soft", 8, 0, 0, NULL);
		local_bh_enable();
		pr_info("given: %d\n", cache != NULL);
		break;
	case 7:
		cache = kmem_cache_create("busy", 8, 0, 0, NULL);
		kmem_cache_alloc(cache, GFP_KERNEL);
		kmem_cache_destroy(cache);
		break;
	case 9:
		close_too_early();
		break;
	case 8:
		WARN(1, "number %d\n", FAULT);
		break;
	}
	return 0;
}

static void __exit words_exit(void)
{
}

module_init(words_init);
module_exit(words_exit);
MODULE_LICENSE("Dual MIT/GPL");
