/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The driver core: devices meet drivers on a bus, whose match function says who fits; probe and remove follow.  Classes
 * give devices a folder in /sys/class and, when they have a number, a node in /dev.
 */
#include <linux/device.h>
#include <linux/devfs_fs_kernel.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "rt.h"

/* a name that is taken: of a device, and of the node in /dev if it has a number */
struct kmem_node {
	struct list_head list;
	const struct class *class;
	dev_t devt;
	struct device *device;		/* NULL: a node only */
	void *ours;			/* the runtime's memory that goes with it */
	char name[64];			/* in /dev */
};

/* a class that is registered */
struct known_class {
	struct list_head list;
	const struct class *class;
	int ours;
};

static LIST_HEAD(nodes);
static LIST_HEAD(classes);
static LIST_HEAD(on_buses);	/* devices */
static LIST_HEAD(drivers);

/* --- classes --- */

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
	kmem_host_hold(KMEM_HOLD_CLASS, known, cls->name, NULL);
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
	struct kmem_node *node;

	if (!cls || IS_ERR(cls))
		return;
	list_for_each_entry(node, &nodes, list)
		if (node->class == cls)
			kmem_host_misuse("class_destroy: the class still has devices", node->name);
	list_for_each_entry(known, &classes, list) {
		if (known->class == cls) {
			kmem_host_unhold(KMEM_HOLD_CLASS, known);
			kmem_sysfs_forget(cls);
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
	struct class_attribute *attr;
	int err = add_class(cls, 0);

	for (attr = cls->class_attrs; !err && attr && attr->attr.name; attr++)
		err = class_create_file(cls, attr);
	return err;
}

void class_unregister(struct class *cls)
{
	drop_class(cls);
}
#endif

/* --- nodes --- */

static struct kmem_node *add_node(const struct class *cls, dev_t devt, struct device *device, const char *name)
{
	struct kmem_node *node;
	char *bang;

	list_for_each_entry(node, &nodes, list)
		if (node->class == cls && !strcmp(node->name, name) && (cls || !device || !node->device))
			return ERR_PTR(-EEXIST);
	node = kmem_rt_zalloc(sizeof(*node));
	if (!node)
		return ERR_PTR(-ENOMEM);
	*node = (struct kmem_node){ .class = cls, .devt = devt, .device = device };
	strncpy(node->name, name, sizeof(node->name) - 1);
	while ((bang = strchr(node->name, '!')) != NULL)
		*bang = '/';
	list_add_tail(&node->list, &nodes);
	if (!cls || strcmp(cls->name, "misc"))
		kmem_host_hold(KMEM_HOLD_DEVICE, node, node->name, NULL);
	return node;
}

static void drop_node(struct kmem_node *node)
{
	kmem_host_unhold(KMEM_HOLD_DEVICE, node);
	list_del(&node->list);
	kmem_host_rt_free(node->ours);
	kmem_host_rt_free(node);
}

static struct kmem_node *node_at(const struct class *cls, dev_t devt)
{
	struct kmem_node *node;

	list_for_each_entry(node, &nodes, list)
		if (node->devt == devt && (!cls || node->class == cls))
			return node;
	return NULL;
}

int kmem_device_by_node(const char *name, dev_t *dev)
{
	struct kmem_node *node;

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
	struct kmem_node *node;

	list_for_each_entry(node, &nodes, list)
		if (node->devt - first < count)
			return 1;
	return 0;
}

/* a device that the option --device has brought is nobody's to give back */
void kmem_device_is_of_host(struct device *dev)
{
	if (dev->kmem_node)
		kmem_host_unhold(KMEM_HOLD_DEVICE, dev->kmem_node);
}

/* --- devices as objects --- */

static void release_device(struct kobject *kobj)
{
	struct device *dev = kobj_to_dev(kobj);

	kmem_devres_release(dev);
	if (dev->release)
		dev->release(dev);
	else if (dev->type && dev->type->release)
		dev->type->release(dev);
#if KMEM_ERA >= 60
	else if (dev->class && dev->class->dev_release)
		dev->class->dev_release(dev);
	else
		WARN(1, "Device '%s' does not have a release() function, it is broken and must be fixed. See Documentation/core-api/kobject.rst.\n",
		     dev_name(dev));
#endif
}

static ssize_t show_device(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct device_attribute *it = container_of(attr, struct device_attribute, attr);

	return it->show ? it->show(kobj_to_dev(kobj), it, buf) : -EIO;
}

static ssize_t store_device(struct kobject *kobj, struct attribute *attr, const char *buf, size_t count)
{
	struct device_attribute *it = container_of(attr, struct device_attribute, attr);

	return it->store ? it->store(kobj_to_dev(kobj), it, buf, count) : -EIO;
}

static struct sysfs_ops device_ops = { .show = show_device, .store = store_device };
static struct kobj_type device_type = { .release = release_device, .sysfs_ops = &device_ops };

/* the path of a device: by its bus or parent, and by its class; not 0: it is no device */
int kmem_device_path(const struct kobject *kobj, int which, char *buf, size_t size)
{
	const struct device *dev = container_of(kobj, struct device, kobj);
	char above[160];

	buf[0] = '\0';
	if (kobj->ktype != &device_type)
		return which ? 0 : 1;
	if (which) {
		if (dev->class)
			snprintf(buf, size, "/sys/class/%s/%s", dev->class->name, dev_name(dev));
		else if (dev->bus)
			snprintf(buf, size, "/sys/bus/%s/devices/%s", dev->bus->name, dev_name(dev));
		return 0;
	}
	if (dev->parent) {
		kmem_device_path(&dev->parent->kobj, 0, above, sizeof(above));
		if (dev->class)
			snprintf(buf, size, "%s/%s/%s", above, dev->class->name, dev_name(dev));
		else
			snprintf(buf, size, "%s/%s", above, dev_name(dev));
	} else if (dev->class) {
		snprintf(buf, size, "/sys/devices/virtual/%s/%s", dev->class->name, dev_name(dev));
	} else {
		snprintf(buf, size, "/sys/devices/%s", dev_name(dev));
	}
	return 0;
}

void device_initialize(struct device *dev)
{
	/* drivers keep devices in static memory, or in memory that is theirs to clear */
	dev->kobj.state_initialized = 0;
	kmem_kobject_init(&dev->kobj, &device_type);
	INIT_LIST_HEAD(&dev->kmem_on_bus);
	INIT_LIST_HEAD(&dev->kmem_resources);
	INIT_LIST_HEAD(&dev->dma_pools);
	dev->kmem_node = NULL;
	kmem_host_hold(KMEM_HOLD_KOBJECT, &dev->kobj, dev->kobj.name, NULL);
}

struct device *get_device(struct device *dev)
{
	if (dev)
		kobject_get(&dev->kobj);
	return dev;
}

void put_device(struct device *dev)
{
	if (dev)
		kobject_put(&dev->kobj);
}

static int set_device_name(struct device *dev, const char *fmt, va_list args)
{
	char text[64];

	vsnprintf(text, sizeof(text), fmt, args);
	return kobject_set_name(&dev->kobj, "%s", text);
}

/* --- drivers meet devices --- */

static int fits(struct device *dev, struct device_driver *drv)
{
	return drv->bus == dev->bus && (!dev->bus->match || dev->bus->match(dev, drv));
}

static void say_probe_failed(struct device *dev, struct device_driver *drv, int err)
{
	if (LINUX_VERSION_CODE >= 0x060800)
		printk(KERN_ERR "%s %s: probe with driver %s failed with error %d\n", drv->name, dev_name(dev), drv->name, err);
	else
		printk(KERN_WARNING "%s: probe of %s failed with error %d\n", drv->name, dev_name(dev), err);
}

static int bind_device(struct device *dev, struct device_driver *drv)
{
	int err = 0;

	dev->driver = drv;
	if (dev->bus->probe)
		err = dev->bus->probe(dev);
	else if (drv->probe)
		err = drv->probe(dev);
#if KMEM_ERA >= 60
	if (!err && drv->dev_groups)
		err = device_add_groups(dev, drv->dev_groups);
#endif
	if (!err)
		return 0;
	kmem_devres_release(dev);
	dev->driver = NULL;
#if KMEM_ERA >= 60
	dev->driver_data = NULL;
#endif
	if (err != -ENODEV && err != -ENXIO && err != -KMEM_EPROBE_DEFER)
		say_probe_failed(dev, drv, err);
	return err;
}

static void unbind_device(struct device *dev)
{
	struct device_driver *drv = dev->driver;

	if (!drv)
		return;
#if KMEM_ERA >= 60
	if (drv->dev_groups)
		device_remove_groups(dev, drv->dev_groups);
#endif
	if (dev->bus && dev->bus->remove)
		dev->bus->remove(dev);
	else if (drv->remove)
		drv->remove(dev);
	kmem_devres_release(dev);
	dev->driver = NULL;
#if KMEM_ERA >= 60
	dev->driver_data = NULL;
#endif
}

int driver_register(struct device_driver *drv)
{
	struct device_driver *other;
	struct device *dev;

	if (!drv->bus) {
		kmem_host_misuse("driver_register: the driver has no bus", drv);
		return -EINVAL;
	}
	list_for_each_entry(other, &drivers, kmem_on_bus) {
		if (other->bus == drv->bus && !strcmp(other->name, drv->name)) {
			printk(KERN_ERR "Error: Driver '%s' is already registered, aborting...\n", drv->name);
			return -EBUSY;
		}
	}
	list_add_tail(&drv->kmem_on_bus, &drivers);
	kmem_host_hold(KMEM_HOLD_DRIVER, drv, drv->name, NULL);
	list_for_each_entry(dev, &on_buses, kmem_on_bus)
		if (!dev->driver && fits(dev, drv))
			bind_device(dev, drv);
	return 0;
}

void driver_unregister(struct device_driver *drv)
{
	struct device_driver *known;
	struct device *dev;

	list_for_each_entry(known, &drivers, kmem_on_bus)
		if (known == drv)
			goto found;
	kmem_host_misuse("driver_unregister: this driver is not registered", drv);
	return;
found:
	list_for_each_entry(dev, &on_buses, kmem_on_bus)
		if (dev->driver == drv)
			unbind_device(dev);
	kmem_host_unhold(KMEM_HOLD_DRIVER, drv);
	kmem_sysfs_forget(drv);
	list_del(&drv->kmem_on_bus);
}

int bus_register(const struct bus_type *bus)
{
	kmem_hold(KMEM_HOLD_DRIVER, bus, "of the bus %s", bus->name);
	return 0;
}

void bus_unregister(const struct bus_type *bus)
{
	kmem_host_unhold(KMEM_HOLD_DRIVER, bus);
	kmem_sysfs_forget(bus);
}

/* for the host: drivers whose modules are gone let go of their devices */
void kmem_drop_drivers(void)
{
	while (!list_empty(&drivers))
		driver_unregister(list_entry(drivers.next, struct device_driver, kmem_on_bus));
}

/* --- coming and going --- */

int device_add(struct device *dev)
{
	struct device_driver *drv;
	struct kmem_node *node;
	int err;

	if (!dev->kobj.state_initialized) {
		kmem_host_misuse("device_add() without device_initialize()", dev);
		return -EINVAL;
	}
	if (dev->init_name)
		kobject_set_name(&dev->kobj, "%s", dev->init_name);
#if KMEM_ERA < 60
	if (!dev->kobj.name && dev->bus_id[0])
		kobject_set_name(&dev->kobj, "%s", dev->bus_id);
#endif
	if (!dev->kobj.name)
		return -EINVAL;
	node = add_node(dev->class, dev->devt, dev, dev->kobj.name);
	if (IS_ERR(node))
		return PTR_ERR(node);
#if KMEM_ERA >= 60
	if (dev->devt && dev->class && dev->class->devnode) {
		umode_t mode = 0;
		char *name = dev->class->devnode(dev, &mode);

		if (name) {
			strlcpy(node->name, name, sizeof(node->name));
			kfree(name);
		}
	}
#endif
	dev->kmem_node = node;
	dev->kobj.state_in_sysfs = 1;
	get_device(dev->parent);
	kmem_host_unhold(KMEM_HOLD_KOBJECT, &dev->kobj);	/* the device is what is held */
#if KMEM_ERA >= 60
	err = dev->class && dev->class->dev_groups ? device_add_groups(dev, dev->class->dev_groups) : 0;
	if (!err && dev->type && dev->type->groups)
		err = device_add_groups(dev, dev->type->groups);
	if (!err && dev->groups)
		err = device_add_groups(dev, dev->groups);
#else
	err = 0;
#endif
	if (err) {
		device_del(dev);
		return err;
	}
	if (!dev->bus)
		return 0;
	list_add_tail(&dev->kmem_on_bus, &on_buses);
	list_for_each_entry(drv, &drivers, kmem_on_bus)
		if (!dev->driver && fits(dev, drv))
			bind_device(dev, drv);
	return 0;
}

int device_register(struct device *dev)
{
	const char *name = dev->kobj.name;
	int named = dev->kobj.kmem_named;

	device_initialize(dev);
	dev->kobj.name = name;
	dev->kobj.kmem_named = named;
	return device_add(dev);
}

void device_del(struct device *dev)
{
	struct device *parent = dev->parent;

	if (!dev->kmem_node) {
		kmem_host_misuse("device_del: this device was not added", dev);
		return;
	}
	unbind_device(dev);
	list_del_init(&dev->kmem_on_bus);
	kmem_devres_release(dev);
	kmem_sysfs_forget(&dev->kobj);
	dev->kobj.state_in_sysfs = 0;
	drop_node(dev->kmem_node);
	dev->kmem_node = NULL;
	kmem_host_hold(KMEM_HOLD_KOBJECT, &dev->kobj, dev->kobj.name, NULL);
	put_device(parent);
}

void device_unregister(struct device *dev)
{
	device_del(dev);
	put_device(dev);
}

int device_for_each_child(struct device *parent, void *data, int (*fn)(struct device *dev, void *data))
{
	struct kmem_node *node, *next;
	int err = 0;

	list_for_each_entry_safe(node, next, &nodes, list)
		if (!err && node->device && node->device->parent == parent)
			err = fn(node->device, data);
	return err;
}

/* --- devices that the kernel makes for a driver --- */

static void release_made(struct device *dev)
{
	kmem_host_rt_free(dev);
}

static struct device *make_device(const struct class *cls, struct device *parent, dev_t devt, void *drvdata,
				  const struct attribute_group **groups, const char *fmt, va_list args)
{
	struct device *dev;
	int err;

	if (!cls || IS_ERR(cls))
		return ERR_PTR(-ENODEV);
	dev = kmem_rt_zalloc(sizeof(*dev));
	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_initialize(dev);
	dev->class = cls;
	dev->parent = parent;
	dev->devt = devt;
	dev->driver_data = drvdata;
	dev->groups = groups;
	dev->release = release_made;
	set_device_name(dev, fmt, args);
	err = device_add(dev);
	if (err) {
		put_device(dev);
		return ERR_PTR(err);
	}
	return dev;
}

static void destroy_device(const struct class *cls, dev_t devt)
{
	struct kmem_node *node = node_at(cls, devt);

	if (!node)
		return;
	if (node->device)
		device_unregister(node->device);
	else
		drop_node(node);
}

#if KMEM_ERA >= 60

struct device *device_create(const struct class *cls, struct device *parent, dev_t devt,
			     void *drvdata, const char *fmt, ...)
{
	struct device *dev;
	va_list args;

	va_start(args, fmt);
	dev = make_device(cls, parent, devt, drvdata, NULL, fmt, args);
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
	dev = make_device(cls, parent, devt, drvdata, groups, fmt, args);
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
	int err;

	va_start(args, fmt);
	err = set_device_name(dev, fmt, args);
	va_end(args);
	return err;
}

struct device *root_device_register(const char *fmt, ...)
{
	struct device *dev = kmem_rt_zalloc(sizeof(*dev));
	va_list args;
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_initialize(dev);
	dev->release = release_made;
	va_start(args, fmt);
	set_device_name(dev, fmt, args);
	va_end(args);
	err = device_add(dev);
	if (err) {
		put_device(dev);
		return ERR_PTR(err);
	}
	return dev;
}

void root_device_unregister(struct device *dev)
{
	device_unregister(dev);
}

const char *dev_driver_string(const struct device *dev)
{
	return dev->driver ? dev->driver->name : dev->bus ? dev->bus->name : dev->class ? dev->class->name : "";
}

struct device *device_find_child(struct device *parent, void *data, int (*match)(struct device *dev, void *data))
{
	struct kmem_node *node;

	list_for_each_entry(node, &nodes, list)
		if (node->device && node->device->parent == parent && match(node->device, data))
			return get_device(node->device);
	return NULL;
}

int class_for_each_device(const struct class *class, const struct device *start, void *data,
			  int (*fn)(struct device *dev, void *data))
{
	struct kmem_node *node, *next;
	int err = 0;

	list_for_each_entry_safe(node, next, &nodes, list)
		if (!err && node->device && node->class == class)
			err = fn(node->device, data);
	return err;
}

#else

struct device *device_create(struct class *cls, struct device *parent, dev_t devt,
			     const char *fmt, ...)
{
	struct device *dev;
	va_list args;

	va_start(args, fmt);
	dev = make_device(cls, parent, devt, NULL, NULL, fmt, args);
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
	struct kmem_node *node;
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
	node = add_node(cls, devt, NULL, dev->class_id);
	if (IS_ERR(node)) {
		kmem_host_rt_free(dev);
		return ERR_PTR(PTR_ERR(node));
	}
	node->ours = dev;
	return dev;
}

void class_device_destroy(struct class *cls, dev_t devt)
{
	destroy_device(cls, devt);
}

int devfs_mk_cdev(dev_t dev, umode_t mode, const char *fmt, ...)
{
	char name[64];
	struct kmem_node *node;
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
	struct kmem_node *node;
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
