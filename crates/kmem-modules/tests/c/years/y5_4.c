// SPDX-License-Identifier: MIT OR Apache-2.0
/* A driver as of 5.4: a file of /proc with file_operations, which later kernels only warn of, and a tasklet with data. */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

static void run(unsigned long data)
{
	pr_info("year: tasklet %lu\n", data);
}

static DECLARE_TASKLET(tasklet, run, 54);

static ssize_t year_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	tasklet_schedule(&tasklet);
	return simple_read_from_buffer(buf, count, pos, "5.4\n", 4);
}

static const struct file_operations fops = { .owner = THIS_MODULE, .read = year_read };

static int __init year_init(void)
{
	return proc_create("year", 0444, NULL, &fops) ? 0 : -ENOMEM;
}

static void __exit year_exit(void)
{
	remove_proc_entry("year", NULL);
	tasklet_kill(&tasklet);
}

module_init(year_init);
module_exit(year_exit);
MODULE_LICENSE("Dual MIT/GPL");
