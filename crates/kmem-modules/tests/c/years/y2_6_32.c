// SPDX-License-Identifier: MIT OR Apache-2.0
/* A driver as of 2.6.32: ioctl with an inode, a semaphore for a mutex, work that gets itself. */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/smp_lock.h>
#include <linux/workqueue.h>

static DECLARE_MUTEX(turn);
static spinlock_t lock = SPIN_LOCK_UNLOCKED;
static struct cdev cdev;
static dev_t number;
static struct work_struct later;
static int asked;

static void do_later(struct work_struct *work)
{
	printk(KERN_INFO "year: work %d\n", work == &later);
}

static int year_ioctl(struct inode *inode, struct file *file, unsigned int cmd, unsigned long arg)
{
	if (down_interruptible(&turn))
		return -ERESTARTSYS;
	spin_lock(&lock);
	asked++;
	spin_unlock(&lock);
	schedule_work(&later);
	up(&turn);
	return iminor(inode) + cmd + arg;
}

static int year_read(char *page, char **start, off_t off, int count, int *eof, void *data)
{
	*eof = 1;
	return sprintf(page, "asked %d times, %s\n", asked, (char *)data);
}

static struct file_operations fops = { .owner = THIS_MODULE, .ioctl = year_ioctl };

static int __init year_init(void)
{
	INIT_WORK(&later, do_later);
	if (alloc_chrdev_region(&number, 0, 1, "year"))
		return -EBUSY;
	cdev_init(&cdev, &fops);
	create_proc_read_entry("year", 0, NULL, year_read, "as of 2.6.32");
	return cdev_add(&cdev, number, 1);
}

static void __exit year_exit(void)
{
	cancel_work_sync(&later);
	remove_proc_entry("year", NULL);
	cdev_del(&cdev);
	unregister_chrdev_region(number, 1);
}

module_init(year_init);
module_exit(year_exit);
MODULE_LICENSE("Dual MIT/GPL");
