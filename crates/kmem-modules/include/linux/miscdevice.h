/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices that share major 10. */
#pragma once
#include <linux/major.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/device.h>
#include <linux/fs.h>

#define MISC_DYNAMIC_MINOR	255

struct miscdevice {
	int minor;
	const char *name;
	const struct file_operations *fops;
	struct list_head list;
	struct device *parent;
	struct device *this_device;
#if KMEM_ERA >= 60
	const struct attribute_group **groups;
	const char *nodename;
	umode_t mode;
#endif
};

int misc_register(struct miscdevice *misc);
#if KMEM_ERA >= 60
void misc_deregister(struct miscdevice *misc);
#define module_misc_device(misc)					\
	static int __init __kmem_misc_init(void) { return misc_register(&(misc)); }	\
	static void __exit __kmem_misc_exit(void) { misc_deregister(&(misc)); }	\
	module_init(__kmem_misc_init);					\
	module_exit(__kmem_misc_exit)
#define builtin_misc_device(misc)	module_misc_device(misc)
#else
int misc_deregister(struct miscdevice *misc);
#endif
