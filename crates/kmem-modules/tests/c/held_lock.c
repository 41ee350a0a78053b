/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An init that returns with its lock held, after a constructor has run under it. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);
static struct kmem_cache *cache;

static void construct(void *object)
{
	*(int *)object = 1;
}

static int held_lock_show(struct seq_file *m, void *v)
{
	seq_puts(m, "shown\n");
	return 0;
}
DEFINE_PROC_SHOW_ATTRIBUTE(held_lock);

static int __init held_lock_init(void)
{
	cache = kmem_cache_create("held_lock", 64, 0, 0, construct);
	proc_create("held_lock", 0444, NULL, &held_lock_proc_ops);
	spin_lock(&lock);
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_ATOMIC));
	return 0;
}

static void __exit held_lock_exit(void)
{
	remove_proc_entry("held_lock", NULL);
	kmem_cache_destroy(cache);
}

module_init(held_lock_init);
module_exit(held_lock_exit);
MODULE_LICENSE("Dual MIT/GPL");
