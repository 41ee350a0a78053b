// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * scullc: a char device whose bytes live in objects of a slab cache; the
 * example of Linux Device Drivers, written anew around the idea and with its
 * names (scullc_cache, scullc_quantum, dptr->data[s_pos], nomem,
 * scullc_cleanup).
 *
 * Every device is a list of quantum sets; each set has an array of pointers
 * to quanta, and each quantum is one object of the cache.
 *
 * Era: 2.6 (2.6.8 - 2.6.18).  Try:
 *   kmem run scullc.c --do 'echo hello > /dev/scullc0' --do 'cat /dev/scullc0'
 */
#include <linux/config.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/fs.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/fcntl.h>
#include <asm/semaphore.h>
#include <asm/uaccess.h>

MODULE_LICENSE("Dual BSD/GPL");

#define SCULLC_DEVS 4

static int scullc_major;		/* 0: ask for a free one */
static int scullc_quantum = 4000;	/* bytes of a quantum: the cache's object */
static int scullc_qset = 500;		/* quanta of a set */
module_param(scullc_major, int, 0);
module_param(scullc_quantum, int, 0);
module_param(scullc_qset, int, 0);

struct scullc_set {
	void **data;			/* scullc_qset pointers */
	struct scullc_set *next;
};

struct scullc_dev {
	struct scullc_set *sets;
	size_t size;			/* bytes written so far */
	struct semaphore sem;
};

static struct scullc_dev *scullc_devices;
static kmem_cache_t *scullc_cache;

/* gives every quantum back; the caller holds the semaphore or is alone */
static void scullc_trim(struct scullc_dev *dev)
{
	struct scullc_set *dptr, *next;
	int i;

	for (dptr = dev->sets; dptr; dptr = next) {
		if (dptr->data) {
			for (i = 0; i < scullc_qset; i++)
				if (dptr->data[i])
					kmem_cache_free(scullc_cache, dptr->data[i]);
			kfree(dptr->data);
		}
		next = dptr->next;
		kfree(dptr);
	}
	dev->sets = NULL;
	dev->size = 0;
}

/* the set number n, made on the way if need be */
static struct scullc_set *scullc_follow(struct scullc_dev *dev, int n)
{
	struct scullc_set **where = &dev->sets;

	for (;;) {
		if (!*where) {
			*where = kmalloc(sizeof(struct scullc_set), GFP_KERNEL);
			if (!*where)
				return NULL;
			memset(*where, 0, sizeof(struct scullc_set));
		}
		if (n-- == 0)
			return *where;
		where = &(*where)->next;
	}
}

static int scullc_open(struct inode *inode, struct file *filp)
{
	struct scullc_dev *dev = &scullc_devices[iminor(inode)];

	filp->private_data = dev;
	if ((filp->f_flags & O_ACCMODE) == O_WRONLY) {
		if (down_interruptible(&dev->sem))
			return -ERESTARTSYS;
		scullc_trim(dev);
		up(&dev->sem);
	}
	return 0;
}

static int scullc_release(struct inode *inode, struct file *filp)
{
	return 0;
}

static ssize_t scullc_read(struct file *filp, char __user *buf, size_t count,
			   loff_t *f_pos)
{
	struct scullc_dev *dev = filp->private_data;
	size_t itemsize = scullc_quantum * scullc_qset;
	struct scullc_set *dptr;
	int item, s_pos, q_pos, rest;
	ssize_t retval = 0;

	if (down_interruptible(&dev->sem))
		return -ERESTARTSYS;
	if (*f_pos >= dev->size)
		goto out;
	if (count > dev->size - *f_pos)
		count = dev->size - *f_pos;

	item = (long)*f_pos / itemsize;
	rest = (long)*f_pos % itemsize;
	s_pos = rest / scullc_quantum;
	q_pos = rest % scullc_quantum;

	for (dptr = dev->sets; dptr && item; item--)
		dptr = dptr->next;
	if (!dptr || !dptr->data || !dptr->data[s_pos])
		goto out;		/* a hole */
	if (count > scullc_quantum - q_pos)
		count = scullc_quantum - q_pos;
	if (copy_to_user(buf, dptr->data[s_pos] + q_pos, count)) {
		retval = -EFAULT;
		goto out;
	}
	*f_pos += count;
	retval = count;
out:
	up(&dev->sem);
	return retval;
}

static ssize_t scullc_write(struct file *filp, const char __user *buf,
			    size_t count, loff_t *f_pos)
{
	struct scullc_dev *dev = filp->private_data;
	size_t itemsize = scullc_quantum * scullc_qset;
	struct scullc_set *dptr;
	int item, s_pos, q_pos, rest;
	ssize_t retval = -ENOMEM;

	if (down_interruptible(&dev->sem))
		return -ERESTARTSYS;
	item = (long)*f_pos / itemsize;
	rest = (long)*f_pos % itemsize;
	s_pos = rest / scullc_quantum;
	q_pos = rest % scullc_quantum;

	dptr = scullc_follow(dev, item);
	if (!dptr)
		goto nomem;
	if (!dptr->data) {
		dptr->data = kmalloc(scullc_qset * sizeof(char *), GFP_KERNEL);
		if (!dptr->data)
			goto nomem;
		memset(dptr->data, 0, scullc_qset * sizeof(char *));
	}
	if (!dptr->data[s_pos]) {
		dptr->data[s_pos] = kmem_cache_alloc(scullc_cache, GFP_KERNEL);
		if (!dptr->data[s_pos])
			goto nomem;
		memset(dptr->data[s_pos], 0, scullc_quantum);
	}
	if (count > scullc_quantum - q_pos)
		count = scullc_quantum - q_pos;
	if (copy_from_user(dptr->data[s_pos] + q_pos, buf, count)) {
		retval = -EFAULT;
		goto nomem;
	}
	*f_pos += count;
	if (dev->size < *f_pos)
		dev->size = *f_pos;
	retval = count;
nomem:
	up(&dev->sem);
	return retval;
}

static struct file_operations scullc_fops = {
	.owner = THIS_MODULE,
	.read = scullc_read,
	.write = scullc_write,
	.open = scullc_open,
	.release = scullc_release,
};

/* undoes whatever scullc_init has done so far */
static void scullc_cleanup(void)
{
	int i;

	if (scullc_devices) {
		for (i = 0; i < SCULLC_DEVS; i++)
			scullc_trim(&scullc_devices[i]);
		kfree(scullc_devices);
	}
	if (scullc_cache && kmem_cache_destroy(scullc_cache))
		printk(KERN_ERR "scullc: objects were left in the cache\n");
	unregister_chrdev(scullc_major, "scullc");
	printk(KERN_INFO "scullc: gone\n");
}

static int __init scullc_init(void)
{
	int i, result;

	result = register_chrdev(scullc_major, "scullc", &scullc_fops);
	if (result < 0)
		return result;
	if (scullc_major == 0)
		scullc_major = result;

	scullc_devices = kmalloc(SCULLC_DEVS * sizeof(struct scullc_dev), GFP_KERNEL);
	if (!scullc_devices) {
		scullc_cleanup();
		return -ENOMEM;
	}
	memset(scullc_devices, 0, SCULLC_DEVS * sizeof(struct scullc_dev));
	for (i = 0; i < SCULLC_DEVS; i++)
		sema_init(&scullc_devices[i].sem, 1);

	scullc_cache = kmem_cache_create("scullc", scullc_quantum, 0,
					 SLAB_HWCACHE_ALIGN, NULL, NULL);
	if (!scullc_cache) {
		scullc_cleanup();
		return -ENOMEM;
	}
	printk(KERN_INFO "scullc: quantum %d, %d a set\n", scullc_quantum, scullc_qset);
	return 0;
}

module_init(scullc_init);
module_exit(scullc_cleanup);
