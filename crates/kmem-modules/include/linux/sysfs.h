/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Attributes: files of /sys that show and take a value. */
#pragma once
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/stat.h>
#include <linux/stringify.h>
#include <linux/list.h>
#include <linux/lockdep.h>

struct kobject;
struct module;
struct bin_attribute;
struct file;
struct vm_area_struct;

struct attribute {
	const char *name;
#if KMEM_ERA < 60
	struct module *owner;
#endif
	umode_t mode;
};

struct attribute_group {
	const char *name;
	umode_t (*is_visible)(struct kobject *kobj, struct attribute *attr, int n);
	umode_t (*is_bin_visible)(struct kobject *kobj, struct bin_attribute *attr, int n);
	struct attribute **attrs;
	struct bin_attribute **bin_attrs;
};

struct bin_attribute {
	struct attribute attr;
	size_t size;
	void *private;
#if KMEM_ERA >= 60
	ssize_t (*read)(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf,
			loff_t pos, size_t count);
	ssize_t (*write)(struct file *file, struct kobject *kobj, struct bin_attribute *attr, char *buf,
			 loff_t pos, size_t count);
	int (*mmap)(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
		    struct vm_area_struct *vma);
#else
	ssize_t (*read)(struct kobject *kobj, char *buf, loff_t pos, size_t count);
	ssize_t (*write)(struct kobject *kobj, char *buf, loff_t pos, size_t count);
#endif
};

struct sysfs_ops {
	ssize_t (*show)(struct kobject *kobj, struct attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct attribute *attr, const char *buf, size_t count);
};

#define __ATTR(_name, _mode, _show, _store)	{			\
	.attr = { .name = __stringify(_name), .mode = (_mode) },	\
	.show = (_show),						\
	.store = (_store),						\
}
#define __ATTR_RO(_name)	__ATTR(_name, 0444, _name##_show, NULL)
#define __ATTR_NULL	{ .attr = { .name = NULL } }
#define __ATTR_WO(_name)	__ATTR(_name, 0200, NULL, _name##_store)
#define __ATTR_RW(_name)	__ATTR(_name, 0644, _name##_show, _name##_store)
#define __ATTR_PREALLOC(_name, _mode, _show, _store)	__ATTR(_name, _mode, _show, _store)
#define __ATTR_RO_MODE(_name, _mode)	__ATTR(_name, _mode, _name##_show, NULL)
#define __ATTR_RW_MODE(_name, _mode)	__ATTR(_name, _mode, _name##_show, _name##_store)
#define __ATTRIBUTE_GROUPS(_name)					\
static const struct attribute_group *_name##_groups[] = {		\
	&_name##_group,							\
	NULL,								\
}
#define ATTRIBUTE_GROUPS(_name)						\
static const struct attribute_group _name##_group = {			\
	.attrs = _name##_attrs,						\
};									\
__ATTRIBUTE_GROUPS(_name)
#define __BIN_ATTR(_name, _mode, _read, _write, _size)	{		\
	.attr = { .name = __stringify(_name), .mode = (_mode) },	\
	.size = (_size),						\
	.read = (_read),						\
	.write = (_write),						\
}
#define BIN_ATTR(_name, _mode, _read, _write, _size)	\
	struct bin_attribute bin_attr_##_name = __BIN_ATTR(_name, _mode, _read, _write, _size)
#define BIN_ATTR_RO(_name, _size)	BIN_ATTR(_name, 0444, _name##_read, NULL, _size)
#define BIN_ATTR_WO(_name, _size)	BIN_ATTR(_name, 0200, NULL, _name##_write, _size)
#define BIN_ATTR_RW(_name, _size)	BIN_ATTR(_name, 0644, _name##_read, _name##_write, _size)
#define sysfs_attr_init(attr)	do { } while (0)
#define sysfs_bin_attr_init(attr)	do { } while (0)

int sysfs_create_file(struct kobject *kobj, const struct attribute *attr);
void sysfs_remove_file(struct kobject *kobj, const struct attribute *attr);
int sysfs_create_group(struct kobject *kobj, const struct attribute_group *grp);
void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *grp);
int sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name);
void sysfs_remove_link(struct kobject *kobj, const char *name);
#if KMEM_ERA >= 60
int sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr);
void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr);
int sysfs_create_files(struct kobject *kobj, const struct attribute *const *attrs);
void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attrs);
int sysfs_create_groups(struct kobject *kobj, const struct attribute_group **groups);
void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group **groups);
int sysfs_update_group(struct kobject *kobj, const struct attribute_group *grp);
#define sysfs_notify(kobj, dir, attr)	((void)(kobj), (void)(dir), (void)(attr))
__printf(2, 3) int sysfs_emit(char *buf, const char *fmt, ...);
__printf(3, 4) int sysfs_emit_at(char *buf, int at, const char *fmt, ...);
#else
int sysfs_create_bin_file(struct kobject *kobj, struct bin_attribute *attr);
int sysfs_remove_bin_file(struct kobject *kobj, struct bin_attribute *attr);
#endif
