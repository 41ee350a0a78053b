/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Classes of devices. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>

struct attribute_group;
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
#endif
};

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
