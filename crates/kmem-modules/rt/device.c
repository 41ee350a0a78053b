/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Classes and devices, and the nodes in /dev that come of them. */
#include <linux/device.h>
#include <linux/devfs_fs_kernel.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "rt.h"

/* a device, and the node if it has a number */
struct node {
	struct list_head list;
	const struct class *class;
	dev_t devt;
	void *device;		/* struct device or class_device; NULL: a node only */
	int ours;		/* the device is the runtime's memory */
	char name[64];		/* in /dev */
};

/* a class that is registered */
struct known_class {
	struct list_head list;
	const struct class *class;
	int ours;
};

static LIST_HEAD(nodes);
static LIST_HEAD(classes);

/* classes */

static int add_class(const struct class *cls, int ours)
{
	struct known_class *known;

	list_for_each_entry(known, &classes, list)
		if (!strcmp(known->class->name, cls->name))
			return -EEXIST;
	known = kmem_rt_zalloc(sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->class = cls;
	known->ours = ours;
	list_add_tail(&known->list, &classes);
	return 0;
}

static struct class *make_class(struct module *owner, const char *name)
{
	struct class *cls = kmem_rt_zalloc(sizeof(*cls));
	int err = -ENOMEM;

	if (cls) {
		cls->name = name;
		cls->owner = owner;
		err = add_class(cls, 1);
	}
	if (err) {
		kmem_host_rt_free(cls);
		return ERR_PTR(err);
	}
	return cls;
}

static void drop_class(const struct class *cls)
{
	struct known_class *known;

	if (!cls || IS_ERR(cls))
		return;
	list_for_each_entry(known, &classes, list) {
		if (known->class == cls) {
			list_del(&known->list);
			if (known->ours)
				kmem_host_rt_free((void *)cls);
			kmem_host_rt_free(known);
			return;
		}
	}
	kmem_host_misuse("class_destroy: no such class is registered", cls);
}

#if KMEM_ERA >= 60
#if LINUX_VERSION_CODE >= 0x060400
struct class *class_create(const char *name)
#else
struct class *kmem_class_create(const char *name)
#endif
{
	return make_class(NULL, name);
}

void class_destroy(const struct class *cls)
{
	drop_class(cls);
}

int class_register(const struct class *cls)
{
	return add_class(cls, 0);
}

void class_unregister(const struct class *cls)
{
	drop_class(cls);
}
#else
struct class *class_create(struct module *owner, const char *name)
{
	return make_class(owner, name);
}

void class_destroy(struct class *cls)
{
	drop_class(cls);
}

int class_register(struct class *cls)
{
	return add_class(cls, 0);
}

void class_unregister(struct class *cls)
{
	drop_class(cls);
}
#endif

/* nodes */

static struct node *add_node(const struct class *cls, dev_t devt, void *device, const char *name)
{
	struct node *node;
	char *bang;

	list_for_each_entry(node, &nodes, list)
		if (node->class == cls && !strcmp(node->name, name))
			return ERR_PTR(-EEXIST);
	node = kmem_rt_zalloc(sizeof(*node));
	if (!node)
		return ERR_PTR(-ENOMEM);
	*node = (struct node){ .class = cls, .devt = devt, .device = device };
	strncpy(node->name, name, sizeof(node->name) - 1);
	while ((bang = strchr(node->name, '!')) != NULL)
		*bang = '/';
	list_add_tail(&node->list, &nodes);
	return node;
}

static void drop_node(struct node *node)
{
	list_del(&node->list);
#if KMEM_ERA >= 60
	kmem_devres_release(node->device);
#endif
	if (node->ours)
		kmem_host_rt_free(node->device);
	kmem_host_rt_free(node);
}

static struct node *node_at(const struct class *cls, dev_t devt)
{
	struct node *node;

	list_for_each_entry(node, &nodes, list)
		if (node->devt == devt && (!cls || node->class == cls))
			return node;
	return NULL;
}

int kmem_device_by_node(const char *name, dev_t *dev)
{
	struct node *node;

	list_for_each_entry(node, &nodes, list) {
		if (node->devt && !strcmp(node->name, name)) {
			*dev = node->devt;
			return 0;
		}
	}
	return -ENOENT;
}

int kmem_device_in(dev_t first, unsigned int count)
{
	struct node *node;

	list_for_each_entry(node, &nodes, list)
		if (node->devt - first < count)
			return 1;
	return 0;
}

/* devices */

static struct device *make_device(const struct class *cls, struct device *parent, dev_t devt,
				  void *drvdata, const char *fmt, va_list args)
{
	struct device *dev;
	struct node *node;

	if (!cls || IS_ERR(cls))
		return ERR_PTR(-ENODEV);
	dev = kmem_rt_zalloc(sizeof(*dev));
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->class = cls;
	dev->parent = parent;
	dev->devt = devt;
	dev->driver_data = drvdata;
	vsnprintf(dev->kmem_name, sizeof(dev->kmem_name), fmt, args);
	dev->kobj.name = dev->kmem_name;
#if KMEM_ERA >= 60
	kref_init(&dev->kobj.kref);
	if (cls->devnode) {
		umode_t mode = 0;
		char *name = cls->devnode(dev, &mode);

		node = add_node(cls, devt, dev, name ? name : dev->kmem_name);
		kfree(name);
	} else
#endif
		node = add_node(cls, devt, dev, dev->kmem_name);
	if (IS_ERR(node)) {
		kmem_host_rt_free(dev);
		return ERR_PTR(PTR_ERR(node));
	}
	node->ours = 1;
	return dev;
}

static void destroy_device(const struct class *cls, dev_t devt)
{
	struct node *node = node_at(cls, devt);

	if (node)
		drop_node(node);
}

#if KMEM_ERA >= 60

struct device *device_create(const struct class *cls, struct device *parent, dev_t devt,
			     void *drvdata, const char *fmt, ...)
{
	struct device *dev;
	va_list args;

	va_start(args, fmt);
	dev = make_device(cls, parent, devt, drvdata, fmt, args);
	va_end(args);
	return dev;
}

struct device *device_create_with_groups(const struct class *cls, struct device *parent,
					 dev_t devt, void *drvdata,
					 const struct attribute_group **groups,
					 const char *fmt, ...)
{
	struct device *dev;
	va_list args;

	va_start(args, fmt);
	dev = make_device(cls, parent, devt, drvdata, fmt, args);
	va_end(args);
	return dev;
}

void device_destroy(const struct class *cls, dev_t devt)
{
	destroy_device(cls, devt);
}

int dev_set_name(struct device *dev, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(dev->kmem_name, sizeof(dev->kmem_name), fmt, args);
	va_end(args);
	dev->kobj.name = dev->kmem_name;
	return 0;
}

void device_initialize(struct device *dev)
{
	kref_init(&dev->kobj.kref);
}

int device_add(struct device *dev)
{
	struct node *node;

	if (dev->init_name)
		dev_set_name(dev, "%s", dev->init_name);
	if (!dev->kmem_name[0])
		return -EINVAL;
	node = add_node(dev->class, dev->devt, dev, dev->kmem_name);
	if (IS_ERR(node))
		return PTR_ERR(node);
	get_device(dev);
	return 0;
}

int device_register(struct device *dev)
{
	device_initialize(dev);
	return device_add(dev);
}

void device_del(struct device *dev)
{
	struct node *node;

	list_for_each_entry(node, &nodes, list) {
		if (node->device == dev) {
			drop_node(node);
			put_device(dev);
			return;
		}
	}
	kmem_host_misuse("device_del: this device was not added", dev);
}

void device_unregister(struct device *dev)
{
	device_del(dev);
	put_device(dev);
}

struct device *get_device(struct device *dev)
{
	if (dev)
		kref_get(&dev->kobj.kref);
	return dev;
}

static void release_device(struct kref *kref)
{
	struct device *dev = container_of(kref, struct device, kobj.kref);

	if (dev->release)
		dev->release(dev);
	else if (dev->class && dev->class->dev_release)
		dev->class->dev_release(dev);
	else
		WARN(1, "Device '%s' does not have a release() function, it is broken and must be fixed. See Documentation/core-api/kobject.rst.\n",
		     dev_name(dev));
}

void put_device(struct device *dev)
{
	if (dev)
		kref_put(&dev->kobj.kref, release_device);
}

#else

struct device *device_create(struct class *cls, struct device *parent, dev_t devt,
			     const char *fmt, ...)
{
	struct device *dev;
	va_list args;

	va_start(args, fmt);
	dev = make_device(cls, parent, devt, NULL, fmt, args);
	va_end(args);
	return dev;
}

void device_destroy(struct class *cls, dev_t devt)
{
	destroy_device(cls, devt);
}

struct class_device *class_device_create(struct class *cls, struct class_device *parent,
					 dev_t devt, struct device *device, const char *fmt, ...)
{
	struct class_device *dev;
	struct node *node;
	va_list args;

	if (!cls || IS_ERR(cls))
		return ERR_PTR(-ENODEV);
	dev = kmem_rt_zalloc(sizeof(*dev));
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->class = cls;
	dev->devt = devt;
	dev->dev = device;
	va_start(args, fmt);
	vsnprintf(dev->class_id, sizeof(dev->class_id), fmt, args);
	va_end(args);
	node = add_node(cls, devt, dev, dev->class_id);
	if (IS_ERR(node)) {
		kmem_host_rt_free(dev);
		return ERR_PTR(PTR_ERR(node));
	}
	node->ours = 1;
	return dev;
}

void class_device_destroy(struct class *cls, dev_t devt)
{
	destroy_device(cls, devt);
}

int devfs_mk_cdev(dev_t dev, umode_t mode, const char *fmt, ...)
{
	char name[64];
	struct node *node;
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	node = add_node(NULL, dev, NULL, name);
	return IS_ERR(node) ? PTR_ERR(node) : 0;
}

int devfs_mk_dir(const char *fmt, ...)
{
	return 0;
}

void devfs_remove(const char *fmt, ...)
{
	char name[64];
	struct node *node;
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	list_for_each_entry(node, &nodes, list) {
		if (!node->class && !strcmp(node->name, name)) {
			drop_node(node);
			return;
		}
	}
}

#endif

void kmem_device_left(struct kmem_left *left)
{
	struct known_class *known;
	struct node *node;

	list_for_each_entry(node, &nodes, list)
		if (!node->class || strcmp(node->class->name, "misc"))
			kmem_left(left, "device %s", node->name);
	list_for_each_entry(known, &classes, list)
		if (strcmp(known->class->name, "misc"))
			kmem_left(left, "device class %s", known->class->name);
}
