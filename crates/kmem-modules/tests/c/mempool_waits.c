// SPDX-License-Identifier: MIT OR Apache-2.0
/* Who may sleep waits for an element that a task gives back later; with ALONE nobody does. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/slab.h>

static mempool_t *pool;
static void *element;
static int empty;

static void *take(gfp_t gfp, void *data)
{
	return empty ? NULL : kmalloc(8, gfp);
}

static void give(void *p, void *data)
{
	kfree(p);
}

static int giver(void *data)
{
	msleep(10);
	pr_info("given back\n");
	mempool_free(element, pool);
	return 0;
}

static int __init waits_init(void)
{
	void *second;

	pool = mempool_create(1, take, give, NULL);
	empty = 1;
	element = mempool_alloc(pool, GFP_KERNEL);
	if (mempool_alloc(pool, GFP_ATOMIC))
		pr_err("there was none\n");
	if (!ALONE)
		kthread_run(giver, NULL, "giver");
	second = mempool_alloc(pool, GFP_KERNEL); /* BUG 1 deadlock */
	pr_info("%s\n", second == element ? "the same" : "another one");
	mempool_free(second, pool);
	mempool_destroy(pool);
	return 0;
}

static void __exit waits_exit(void)
{
}

module_init(waits_init);
module_exit(waits_exit);
MODULE_LICENSE("Dual MIT/GPL");
