// SPDX-License-Identifier: MIT OR Apache-2.0
/* When all slots for kmap() are taken, who wants one waits until a task gives its own back; with ALONE nobody does. */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/module.h>

#define SLOTS	512

static struct page *pages[SLOTS + 1];

static int giver(void *data)
{
	msleep(10);
	pr_info("given back\n");
	kunmap(pages[5]);
	return 0;
}

static int __init waits_init(void)
{
	int i;

	for (i = 0; i <= SLOTS; i++)
		pages[i] = alloc_page(GFP_HIGHUSER);
	for (i = 0; i < SLOTS; i++)
		kmap(pages[i]);
	if (!ALONE)
		kthread_run(giver, NULL, "giver");
	kmap(pages[SLOTS]); /* BUG 1 deadlock */
	pr_info("mapped\n");
	for (i = 0; i <= SLOTS; i++) {
		if (i != 5)
			kunmap(pages[i]);
		__free_page(pages[i]);
	}
	return 0;
}

static void __exit waits_exit(void)
{
}

module_init(waits_init);
module_exit(waits_exit);
MODULE_LICENSE("Dual MIT/GPL");
