// SPDX-License-Identifier: MIT OR Apache-2.0
/* A driver as of 4.14: timers with data, access_ok() that says what for. */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

static struct timer_list timer;
static void late(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, late);

static void late(struct work_struct *w)
{
	printk(KERN_INFO "year: work\n");
}

static void tick(unsigned long data)
{
	printk(KERN_INFO "year: timer %lu\n", data);
}

static int __init year_init(void)
{
	if (access_ok(VERIFY_WRITE, (void __user *)PAGE_OFFSET, 1))
		return -EFAULT;
	setup_timer(&timer, tick, 414);
	mod_timer(&timer, jiffies + HZ / 10);
	schedule_delayed_work(&work, HZ / 5);
	return 0;
}

static void __exit year_exit(void)
{
	del_timer_sync(&timer);
	cancel_delayed_work_sync(&work);
}

module_init(year_init);
module_exit(year_exit);
MODULE_LICENSE("Dual MIT/GPL");
