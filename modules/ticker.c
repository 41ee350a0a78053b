// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A thread, a timer and a work that take turns. With `late=1` the exit function forgets the work.
 * Prints what each of them sees: who runs, and how much time has passed.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static int late;
module_param(late, int, 0444);

static struct task_struct *thread;
static struct timer_list timer;
static struct delayed_work work;
static unsigned long began;

static unsigned int passed(void)
{
	return jiffies_to_msecs(jiffies - began);
}

static int body(void *unused)
{
	while (!kthread_should_stop()) {
		pr_info("ticker: thread %s at %u ms\n", current->comm, passed());
		msleep_interruptible(400);
	}
	return 0;
}

static void on_timer(struct timer_list *unused)
{
	pr_info("ticker: timer at %u ms, in interrupt %d\n", passed(), in_interrupt() ? 1 : 0);
	schedule_delayed_work(&work, HZ / 2);
}

static void on_work(struct work_struct *unused)
{
	pr_info("ticker: work by %s at %u ms\n", current->comm, passed());
}

static int __init ticker_init(void)
{
	began = jiffies;
	timer_setup(&timer, on_timer, 0);
	INIT_DELAYED_WORK(&work, on_work);
	thread = kthread_run(body, NULL, "ticker");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	mod_timer(&timer, jiffies + HZ / 4);
	return 0;
}

static void __exit ticker_exit(void)
{
	kthread_stop(thread);
	del_timer_sync(&timer);
	if (!late)
		cancel_delayed_work_sync(&work);
	pr_info("ticker: gone\n");
}

module_init(ticker_init);
module_exit(ticker_exit);
MODULE_LICENSE("Dual MIT/GPL");
