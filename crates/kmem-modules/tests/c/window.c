// SPDX-License-Identifier: MIT OR Apache-2.0
/* A device whose buffer is an object of a slab cache: the first 64 bytes are open to users. AT: where it copies. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

static struct kmem_cache *cache;
static char *buffer;

static ssize_t window_read(struct file *file, char __user *user, size_t count, loff_t *pos)
{
	char fixed[4];

	if (*pos)
		return 0;
	/* what the compiler knows the size of is not looked at */
	memcpy(fixed, buffer + 100, sizeof(fixed));
	if (copy_to_user(user, buffer + 100, 4))
		return -EFAULT;
	count = min_t(size_t, count, 16);
	if (copy_to_user(user, buffer + AT, count)) /* BUG 1 oops */
		return -EFAULT;
	*pos = count;
	return count;
}

static ssize_t window_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	count = min_t(size_t, count, 16);
	if (copy_from_user(buffer + AT, user, count)) /* BUG 2 oops */
		return -EFAULT;
	return count;
}

static const struct file_operations window_fops = {
	.owner = THIS_MODULE,
	.read = window_read,
	.write = window_write,
};

static struct miscdevice window = { .minor = MISC_DYNAMIC_MINOR, .name = "window", .fops = &window_fops };

static int __init window_init(void)
{
	cache = kmem_cache_create_usercopy("window", 128, 8, 0, 0, 64, NULL);
	if (!cache)
		return -ENOMEM;
	buffer = kmem_cache_zalloc(cache, GFP_KERNEL);
	if (!buffer) {
		kmem_cache_destroy(cache);
		return -ENOMEM;
	}
	return misc_register(&window);
}

static void __exit window_exit(void)
{
	misc_deregister(&window);
	kmem_cache_free(cache, buffer);
	kmem_cache_destroy(cache);
}

module_init(window_init);
module_exit(window_exit);
MODULE_LICENSE("Dual MIT/GPL");
