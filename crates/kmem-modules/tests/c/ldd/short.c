/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A simple hardware device: registers and an interrupt, whose handler hands its bottom half to a tasklet and to a work,
 * and a character device that waits for it.
 */
#include <linux/module.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <asm/io.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(2, 6, 27)
#include <linux/uaccess.h>
#define WORK_ARG	struct work_struct *unused
#define REGS_ARG
#else
#include <asm/uaccess.h>
#define WORK_ARG	void *unused
#define REGS_ARG	, struct pt_regs *regs
#endif

#define STATUS	0
#define DATA	4
#define ACK	8

static void __iomem *base;
static struct resource *claimed;
static int irq, major, top, soft, worked;
static u32 word;
static DECLARE_WAIT_QUEUE_HEAD(arrived);
static struct work_struct work;
static struct tasklet_struct tasklet;

static irqreturn_t short_interrupt(int number, void *dev REGS_ARG)
{
	if (!(readl(base + STATUS) & 1))
		return IRQ_NONE;
	word = readl(base + DATA);
	writel(1, base + ACK);
	top++;
	tasklet_schedule(&tasklet);
	schedule_work(&work);
	return IRQ_HANDLED;
}

static void short_tasklet(unsigned long unused)
{
	if (in_interrupt())
		soft++;
}

static void short_work(WORK_ARG)
{
	if (!in_interrupt())
		worked++;
	wake_up_interruptible(&arrived);
}

static ssize_t short_read(struct file *filp, char __user *buf, size_t count, loff_t *pos)
{
	char text[64];
	int len;

	if (!worked && (filp->f_flags & O_NONBLOCK))
		return -EAGAIN;
	if (wait_event_interruptible(arrived, worked))
		return -ERESTARTSYS;
	len = sprintf(text, "%08x top %d soft %d work %d\n", word, top, soft, worked);
	worked = 0;
	if (len > count)
		len = count;
	return copy_to_user(buf, text, len) ? -EFAULT : len;
}

static ssize_t short_write(struct file *filp, const char __user *buf, size_t count, loff_t *pos)
{
	char c;
	size_t i;

	for (i = 0; i < count; i++) {
		if (get_user(c, buf + i))
			return -EFAULT;
		writeb(c, base + 16 + i % 16);
	}
	return count;
}

static struct file_operations short_fops = { .owner = THIS_MODULE, .read = short_read, .write = short_write };

static int short_probe(struct platform_device *pdev)
{
	struct resource *res = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	int err = -ENODEV;

	irq = platform_get_irq(pdev, 0);
	if (!res || irq <= 0)
		return -ENODEV;
	claimed = request_mem_region(res->start, res->end - res->start + 1, "short");
	if (!claimed)
		return -EBUSY;
	base = ioremap(res->start, res->end - res->start + 1);
	if (!base)
		goto no_map;
	err = request_irq(irq, short_interrupt, 0, "short", NULL);
	if (err)
		goto no_irq;
	major = err = register_chrdev(0, "short", &short_fops);
	if (err < 0)
		goto no_device;
	printk(KERN_INFO "short: ready, irq %d\n", irq);
	return 0;
no_device:
	free_irq(irq, NULL);
no_irq:
	iounmap(base);
no_map:
	release_mem_region(res->start, res->end - res->start + 1);
	return err;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
static void short_remove(struct platform_device *pdev)
#else
static int short_remove(struct platform_device *pdev)
#endif
{
	struct resource *res = platform_get_resource(pdev, IORESOURCE_MEM, 0);

	unregister_chrdev(major, "short");
	free_irq(irq, NULL);
	tasklet_kill(&tasklet);
	flush_scheduled_work();
	iounmap(base);
	release_mem_region(res->start, res->end - res->start + 1);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
	return 0;
#endif
}

static struct platform_driver short_driver = {
	.probe = short_probe, .remove = short_remove, .driver = { .name = "short", .owner = THIS_MODULE },
};

static int __init short_init(void)
{
	tasklet_init(&tasklet, short_tasklet, 0);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(2, 6, 27)
	INIT_WORK(&work, short_work);
#else
	INIT_WORK(&work, short_work, NULL);
#endif
	return platform_driver_register(&short_driver);
}

static void __exit short_exit(void)
{
	platform_driver_unregister(&short_driver);
}

module_init(short_init);
module_exit(short_exit);
MODULE_LICENSE("Dual MIT/GPL");
