/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bus of its own, a device on it and a driver for it, with attributes of all three: the device model end to end. */
#include <linux/module.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/version.h>

struct ldd_device {
	struct device dev;
	int value;
};
#define to_ldd(d)	container_of(d, struct ldd_device, dev)

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
static int ldd_match(struct device *dev, const struct device_driver *drv)
#else
static int ldd_match(struct device *dev, struct device_driver *drv)
#endif
{
	return !strncmp(dev_name(dev), drv->name, strlen(drv->name));
}

static struct bus_type ldd_bus = { .name = "ldd", .match = ldd_match };

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
static ssize_t version_show(const struct bus_type *bus, char *buf)
#else
static ssize_t version_show(struct bus_type *bus, char *buf)
#endif
{
	return sprintf(buf, "1.9\n");
}
static struct bus_attribute bus_version = { .attr = { .name = "version", .mode = S_IRUGO }, .show = version_show };

static ssize_t value_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sprintf(buf, "%d\n", to_ldd(dev)->value);
}

static ssize_t value_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	to_ldd(dev)->value = simple_strtol(buf, NULL, 0);
	return count;
}
static DEVICE_ATTR(value, S_IRUGO | S_IWUSR, value_show, value_store);

static ssize_t motto_show(struct device_driver *drv, char *buf)
{
	return sprintf(buf, "%s serves\n", drv->name);
}
static struct driver_attribute driver_motto = { .attr = { .name = "motto", .mode = S_IRUGO }, .show = motto_show };

static int ldd_probe(struct device *dev)
{
	int err = device_create_file(dev, &dev_attr_value);

	printk(KERN_INFO "sculld: probe %s: %d\n", dev_name(dev), err);
	return err;
}

static int ldd_remove(struct device *dev)
{
	device_remove_file(dev, &dev_attr_value);
	printk(KERN_INFO "sculld: remove %s\n", dev_name(dev));
	return 0;
}

static struct device_driver ldd_driver = {
	.name = "sculld", .bus = &ldd_bus, .probe = ldd_probe, .remove = ldd_remove, .owner = THIS_MODULE,
};

static void ldd_release(struct device *dev)
{
	printk(KERN_INFO "sculld: release with value %d\n", to_ldd(dev)->value);
	kfree(to_ldd(dev));
}

static struct ldd_device *device;

static int __init ldd_init(void)
{
	int err = bus_register(&ldd_bus);

	if (err)
		return err;
	err = bus_create_file(&ldd_bus, &bus_version);
	if (err)
		goto no_bus;
	device = kmalloc(sizeof(*device), GFP_KERNEL);
	err = -ENOMEM;
	if (!device)
		goto no_file;
	memset(device, 0, sizeof(*device));
	device->value = 7;
	device->dev.bus = &ldd_bus;
	device->dev.release = ldd_release;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(2, 6, 27)
	dev_set_name(&device->dev, "sculld0");
#else
	strcpy(device->dev.bus_id, "sculld0");
#endif
	err = device_register(&device->dev);
	if (err) {
		put_device(&device->dev);
		goto no_file;
	}
	err = driver_register(&ldd_driver);
	if (!err)
		err = driver_create_file(&ldd_driver, &driver_motto);
	return err;
no_file:
	bus_remove_file(&ldd_bus, &bus_version);
no_bus:
	bus_unregister(&ldd_bus);
	return err;
}

static void __exit ldd_exit(void)
{
	driver_remove_file(&ldd_driver, &driver_motto);
	driver_unregister(&ldd_driver);
	device_unregister(&device->dev);
	bus_remove_file(&ldd_bus, &bus_version);
	bus_unregister(&ldd_bus);
}

module_init(ldd_init);
module_exit(ldd_exit);
MODULE_LICENSE("Dual MIT/GPL");
