// SPDX-License-Identifier: MIT OR Apache-2.0
/* A pipe of 16 bytes and a page, for users who wait, map, poll, want to be told, and ask with an address. */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/gpio.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

static char ring[16];
static unsigned int head, tail;
static DEFINE_MUTEX(lock);
static DECLARE_WAIT_QUEUE_HEAD(readers);
static struct fasync_struct *told;
static struct page *page;
static int gpio_irq;

static ssize_t users_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	size_t n = 0;

	mutex_lock(&lock);
	while (head == tail) {
		mutex_unlock(&lock);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(readers, head != tail))
			return -ERESTARTSYS;
		mutex_lock(&lock);
	}
	while (n < count && head != tail) {
		if (put_user(ring[tail++ % sizeof(ring)], buf + n))
			break;
		n++;
	}
	mutex_unlock(&lock);
	return n ? n : -EFAULT;
}

static ssize_t users_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	size_t n = 0;

	mutex_lock(&lock);
	while (n < count && head - tail < sizeof(ring)) {
		if (get_user(ring[head % sizeof(ring)], buf + n))
			break;
		head++;
		n++;
	}
	mutex_unlock(&lock);
	wake_up_interruptible(&readers);
	kill_fasync(&told, SIGIO, POLL_IN);
	return n ? n : -EAGAIN;
}

static __poll_t users_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &readers, table);
	return (head != tail ? EPOLLIN | EPOLLRDNORM : 0) | (head - tail < sizeof(ring) ? EPOLLOUT | EPOLLWRNORM : 0);
}

static int users_fasync(int fd, struct file *file, int on)
{
	return fasync_helper(fd, file, on, &told);
}

static long users_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int value;

	switch (cmd) {
	case 1:
		if (get_user(value, (int __user *)arg))
			return -EFAULT;
		return put_user(value * 2, (int __user *)arg);
	case 2:
		outb(arg, 0x378);
		return inb(0x379);
	}
	return -ENOTTY;
}

static int users_open(struct inode *inode, struct file *file)
{
	return uid_eq(current_uid(), GLOBAL_ROOT_UID) || !(file->f_mode & FMODE_WRITE) ? 0 : -EACCES;
}

static int users_release(struct inode *inode, struct file *file)
{
	pr_info("users: release\n");
	return 0;
}

static vm_fault_t users_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	pr_info("users: fault\n");
	return 0;
}

static void users_vm_close(struct vm_area_struct *vma)
{
	pr_info("users: unmapped %lu pages\n", vma_pages(vma));
}

static const struct vm_operations_struct vm_ops = { .fault = users_fault, .close = users_vm_close };

static int users_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff)
		return remap_pfn_range(vma, vma->vm_start, page_to_pfn(page), PAGE_SIZE, vma->vm_page_prot);
	vma->vm_ops = &vm_ops;
	return 0;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = users_open,
	.release = users_release,
	.read = users_read,
	.write = users_write,
	.poll = users_poll,
	.fasync = users_fasync,
	.unlocked_ioctl = users_ioctl,
	.mmap = users_mmap,
};

static struct miscdevice misc = { .minor = MISC_DYNAMIC_MINOR, .name = "users", .fops = &fops };

static irqreturn_t pressed(int irq, void *dev)
{
	gpio_set_value(18, gpio_get_value(17));
	return IRQ_HANDLED;
}

static int __init users_init(void)
{
	int err;

	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	memcpy(page_address(page), "mapped", 6);
	err = gpio_request_one(17, GPIOF_IN, "button") ?: gpio_request_one(18, GPIOF_OUT_INIT_LOW, "lamp");
	if (err)
		return err;
	gpio_irq = gpio_to_irq(17);
	err = request_irq(gpio_irq, pressed, IRQF_TRIGGER_RISING, "button", &misc);
	return err ? err : misc_register(&misc);
}

static void __exit users_exit(void)
{
	misc_deregister(&misc);
	free_irq(gpio_irq, &misc);
	gpio_free(17);
#ifndef KEEPS_LAMP
	gpio_free(18);
#endif
	__free_page(page);
}

module_init(users_init);
module_exit(users_exit);
MODULE_LICENSE("Dual MIT/GPL");
