/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A device of memory in blocks, as teaching drivers have it: whole pages, or with AREAS areas of vmalloc.  Reads wait for
 * data, by a wait queue; with O_NONBLOCK they do not.
 */
#include <linux/module.h>
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(2, 6, 27)
#include <linux/semaphore.h>
#include <linux/uaccess.h>
#else
#include <asm/semaphore.h>
#include <asm/uaccess.h>
#endif

#define BLOCKS	8
#ifdef AREAS
#define NAME	"scullv"
#define BLOCK	(PAGE_SIZE * 4)
#define TAKE()	vmalloc(BLOCK)
#define GIVE(p)	vfree(p)
#else
#define NAME	"scullp"
#define BLOCK	(PAGE_SIZE * 2)
#define TAKE()	((void *)__get_free_pages(GFP_KERNEL, 1))
#define GIVE(p)	free_pages((unsigned long)(p), 1)
#endif

struct store {
	struct semaphore sem;
	wait_queue_head_t readers;
	void *block[BLOCKS];
	size_t size;
	struct cdev cdev;
};

static struct store *store;
static dev_t first;

static void empty(struct store *s)
{
	int i;

	for (i = 0; i < BLOCKS; i++) {
		if (s->block[i])
			GIVE(s->block[i]);
		s->block[i] = NULL;
	}
	s->size = 0;
}

static int store_open(struct inode *inode, struct file *filp)
{
	struct store *s = container_of(inode->i_cdev, struct store, cdev);

	filp->private_data = s;
	if ((filp->f_flags & O_ACCMODE) == O_WRONLY) {
		if (down_interruptible(&s->sem))
			return -ERESTARTSYS;
		empty(s);
		up(&s->sem);
	}
	return 0;
}

static ssize_t store_read(struct file *filp, char __user *buf, size_t count, loff_t *pos)
{
	struct store *s = filp->private_data;
	size_t at, room;
	ssize_t ret = 0;

	if (down_interruptible(&s->sem))
		return -ERESTARTSYS;
	while (!s->size) {
		up(&s->sem);
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(s->readers, s->size))
			return -ERESTARTSYS;
		if (down_interruptible(&s->sem))
			return -ERESTARTSYS;
	}
	if (*pos >= s->size)
		goto out;
	count = min(count, (size_t)(s->size - *pos));
	at = (size_t)*pos % BLOCK;
	room = min(count, (size_t)(BLOCK - at));
	if (copy_to_user(buf, s->block[(size_t)*pos / BLOCK] + at, room)) {
		ret = -EFAULT;
		goto out;
	}
	*pos += room;
	ret = room;
out:
	up(&s->sem);
	return ret;
}

static ssize_t store_write(struct file *filp, const char __user *buf, size_t count, loff_t *pos)
{
	struct store *s = filp->private_data;
	size_t index = (size_t)*pos / BLOCK, at = (size_t)*pos % BLOCK;
	ssize_t ret = -ENOMEM;

	if (index >= BLOCKS)
		return -ENOSPC;
	if (down_interruptible(&s->sem))
		return -ERESTARTSYS;
	if (!s->block[index])
		s->block[index] = TAKE();
	if (!s->block[index])
		goto out;
	count = min(count, (size_t)(BLOCK - at));
	ret = -EFAULT;
	if (copy_from_user(s->block[index] + at, buf, count))
		goto out;
	*pos += count;
	ret = count;
	if (s->size < *pos)
		s->size = *pos;
	wake_up_interruptible(&s->readers);
out:
	up(&s->sem);
	return ret;
}

static struct file_operations store_fops = {
	.owner = THIS_MODULE,
	.open = store_open,
	.read = store_read,
	.write = store_write,
	.llseek = default_llseek,
};

static int __init store_init(void)
{
	int err = alloc_chrdev_region(&first, 0, 1, NAME);

	if (err)
		return err;
	store = kmalloc(sizeof(*store), GFP_KERNEL);
	if (!store) {
		unregister_chrdev_region(first, 1);
		return -ENOMEM;
	}
	memset(store, 0, sizeof(*store));
	sema_init(&store->sem, 1);
	init_waitqueue_head(&store->readers);
	cdev_init(&store->cdev, &store_fops);
	store->cdev.owner = THIS_MODULE;
	err = cdev_add(&store->cdev, first, 1);
	if (err) {
		kfree(store);
		unregister_chrdev_region(first, 1);
	}
	return err;
}

static void __exit store_exit(void)
{
	cdev_del(&store->cdev);
	empty(store);
	kfree(store);
	unregister_chrdev_region(first, 1);
}

module_init(store_init);
module_exit(store_exit);
MODULE_LICENSE("Dual MIT/GPL");
