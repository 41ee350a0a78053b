/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Four threads that take turns, and say so. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *threads[4];
static DECLARE_COMPLETION(done);
static int left = 4;

static int body(void *data)
{
	int i;

	for (i = 0; i < 3; i++) {
		pr_info("order: %s %d\n", current->comm, i);
		cond_resched();
	}
	if (!--left)
		complete(&done);
	while (!kthread_should_stop())
		msleep(10);
	return 0;
}

static int __init order_init(void)
{
	int i;

	for (i = 0; i < 4; i++)
		threads[i] = kthread_run(body, NULL, "turn/%d", i);
	wait_for_completion(&done);
	pr_info("order: all\n");
	return 0;
}

static void __exit order_exit(void)
{
	int i;

	for (i = 0; i < 4; i++)
		kthread_stop(threads[i]);
}

module_init(order_init);
module_exit(order_exit);
MODULE_LICENSE("Dual MIT/GPL");
