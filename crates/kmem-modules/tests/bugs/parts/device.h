/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device of which a file defines what it needs: HAS_WRITE, HAS_READ, HAS_IOCTL. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/uaccess.h>

#ifdef HAS_WRITE
static ssize_t dev_write(struct file *file, const char __user *from, size_t count, loff_t *pos);
#endif
#ifdef HAS_READ
static ssize_t dev_read(struct file *file, char __user *to, size_t count, loff_t *pos);
#endif
#ifdef HAS_IOCTL
static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#endif

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
#ifdef HAS_WRITE
	.write = dev_write,
#endif
#ifdef HAS_READ
	.read = dev_read,
#endif
#ifdef HAS_IOCTL
	.unlocked_ioctl = dev_ioctl,
#endif
};

static struct miscdevice dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bug",
	.fops = &dev_fops,
};

static int __init dev_init(void)
{
	return misc_register(&dev);
}

static void __exit dev_exit(void)
{
	misc_deregister(&dev);
}

module_init(dev_init);
module_exit(dev_exit);
