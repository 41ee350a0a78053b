/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Classes and devices: what gives a driver its nodes in /dev. */
#pragma once
#include <linux/types.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/printk.h>
#include <linux/gfp.h>
#include <linux/device/class.h>
#include <linux/dev_printk.h>
#if KMEM_ERA >= 60
#include <linux/overflow.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#endif

struct device;
struct device_driver;
struct device_node;
struct attribute_group;

struct device {
	struct kobject kobj;
	struct device *parent;
	const char *init_name;
	const struct class *class;
	struct device_driver *driver;
	void *platform_data;
	void *driver_data;
	dev_t devt;
	u64 *dma_mask;
	const struct attribute_group **groups;
	void (*release)(struct device *dev);
	struct list_head kmem_all;	/* all that are registered */
	char kmem_name[48];
};

static inline const char *dev_name(const struct device *dev)
{
	return dev->init_name ? dev->init_name : dev->kmem_name;
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

#if KMEM_ERA >= 60
__printf(5, 6) struct device *device_create(const struct class *cls, struct device *parent,
					    dev_t devt, void *drvdata, const char *fmt, ...);
__printf(6, 7) struct device *
device_create_with_groups(const struct class *cls, struct device *parent, dev_t devt,
			  void *drvdata, const struct attribute_group **groups,
			  const char *fmt, ...);
void device_destroy(const struct class *cls, dev_t devt);
__printf(2, 3) int dev_set_name(struct device *dev, const char *fmt, ...);
void device_initialize(struct device *dev);
int device_add(struct device *dev);
void device_del(struct device *dev);
int device_register(struct device *dev);
void device_unregister(struct device *dev);
struct device *get_device(struct device *dev);
void put_device(struct device *dev);
int devm_add_action(struct device *dev, void (*action)(void *), void *data);
int devm_add_action_or_reset(struct device *dev, void (*action)(void *), void *data);
void devm_remove_action(struct device *dev, void (*action)(void *), void *data);
void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp);
void devm_kfree(struct device *dev, const void *p);
#define devm_kzalloc(dev, size, gfp)	devm_kmalloc(dev, size, (gfp) | __GFP_ZERO)
#define devm_kmalloc_array(dev, n, size, gfp)	devm_kmalloc(dev, size_mul(n, size), gfp)
#define devm_kcalloc(dev, n, size, gfp)	devm_kzalloc(dev, size_mul(n, size), gfp)
#define device_lock(dev)	((void)(dev))
#define device_unlock(dev)	((void)(dev))
#define kobj_to_dev(kobj)	container_of(kobj, struct device, kobj)
#else
/* 2.6.18 has both: class_device for most drivers, device for the first of the new ones */
struct class_device {
	struct list_head node;
	struct class *class;
	dev_t devt;
	struct device *dev;
	void *class_data;
	char class_id[20];
	struct list_head kmem_all;
};

struct class_device *class_device_create(struct class *cls, struct class_device *parent,
					 dev_t devt, struct device *device,
					 const char *fmt, ...) __printf(5, 6);
void class_device_destroy(struct class *cls, dev_t devt);
__printf(4, 5) struct device *device_create(struct class *cls, struct device *parent,
					    dev_t devt, const char *fmt, ...);
void device_destroy(struct class *cls, dev_t devt);
#define class_get_devdata(dev)	((dev)->class_data)
#define class_set_devdata(dev, data)	((dev)->class_data = (data))

/* before 2.6.13 */
#define class_simple	class
#define class_simple_create(owner, name)	class_create(owner, name)
#define class_simple_destroy(cls)	class_destroy(cls)
#define class_simple_device_add(cls, devt, device, fmt, args...)	\
	class_device_create(cls, NULL, devt, device, fmt, ##args)
#define class_simple_device_remove(devt)	class_device_destroy(NULL, devt)
#endif
