/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Classes of devices. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>
#include <linux/sysfs.h>

struct attribute_group;
struct dev_pm_ops;
struct device;
struct kobj_uevent_env;
struct module;

struct class {
	const char *name;
	struct module *owner;
#if KMEM_ERA >= 60
	const struct attribute_group **class_groups;
	const struct attribute_group **dev_groups;
#if LINUX_VERSION_CODE >= 0x060200
	int (*dev_uevent)(const struct device *dev, struct kobj_uevent_env *env);
	char *(*devnode)(const struct device *dev, umode_t *mode);
	void (*class_release)(const struct class *class);
#else
	int (*dev_uevent)(struct device *dev, struct kobj_uevent_env *env);
	char *(*devnode)(struct device *dev, umode_t *mode);
	void (*class_release)(struct class *class);
#endif
	void (*dev_release)(struct device *dev);
	int (*shutdown_pre)(struct device *dev);
	const struct dev_pm_ops *pm;
#else
	struct class_attribute *class_attrs;
	void (*class_release)(struct class *class);
#endif
};

struct class_attribute {
	struct attribute attr;
#if LINUX_VERSION_CODE >= 0x060400
	ssize_t (*show)(const struct class *class, const struct class_attribute *attr, char *buf);
	ssize_t (*store)(const struct class *class, const struct class_attribute *attr, const char *buf, size_t count);
#elif KMEM_ERA >= 60
	ssize_t (*show)(struct class *class, struct class_attribute *attr, char *buf);
	ssize_t (*store)(struct class *class, struct class_attribute *attr, const char *buf, size_t count);
#else
	ssize_t (*show)(struct class *class, char *buf);
	ssize_t (*store)(struct class *class, const char *buf, size_t count);
#endif
};
#define CLASS_ATTR(_name, _mode, _show, _store)	\
	struct class_attribute class_attr_##_name = __ATTR(_name, _mode, _show, _store)
#define CLASS_ATTR_RW(_name)	struct class_attribute class_attr_##_name = __ATTR_RW(_name)
#define CLASS_ATTR_RO(_name)	struct class_attribute class_attr_##_name = __ATTR_RO(_name)
#define CLASS_ATTR_WO(_name)	struct class_attribute class_attr_##_name = __ATTR_WO(_name)
int class_create_file(const struct class *class, const struct class_attribute *attr);
void class_remove_file(const struct class *class, const struct class_attribute *attr);

#if KMEM_ERA >= 60
#if LINUX_VERSION_CODE >= 0x060400
struct class *__must_check class_create(const char *name);
#else
struct class *__must_check kmem_class_create(const char *name);
#define class_create(owner, name)	((void)(owner), kmem_class_create(name))
#endif
void class_destroy(const struct class *cls);
int __must_check class_register(const struct class *cls);
void class_unregister(const struct class *cls);
#else
struct class *class_create(struct module *owner, const char *name);
void class_destroy(struct class *cls);
int class_register(struct class *cls);
void class_unregister(struct class *cls);
#endif
