/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The platform bus: devices that the option --device names, and those that modules register. */
#include <linux/device.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "rt.h"

struct device platform_bus = { .init_name = "platform" };

#if LINUX_VERSION_CODE >= 0x060b00
static int platform_match(struct device *dev, const struct device_driver *driver)
#else
static int platform_match(struct device *dev, struct device_driver *driver)
#endif
{
	struct platform_device *pdev = to_platform_device(dev);
	const struct platform_driver *drv = to_platform_driver(driver);
	const struct platform_device_id *id;

	if (pdev->driver_override)
		return !strcmp(pdev->driver_override, driver->name);
	if (of_match_node(driver->of_match_table, dev->of_node))
		return 1;
	if (drv->id_table) {
		for (id = drv->id_table; id->name[0]; id++) {
			if (!strcmp(id->name, pdev->name)) {
				pdev->id_entry = id;
				return 1;
			}
		}
		return 0;
	}
	return !strcmp(pdev->name, driver->name);
}

static int platform_probe(struct device *dev)
{
	struct platform_driver *drv = to_platform_driver(dev->driver);

	return drv->probe ? drv->probe(to_platform_device(dev)) : 0;
}

#if KMEM_ERA >= 60
static void platform_remove(struct device *dev)
#else
static int platform_remove(struct device *dev)
#endif
{
	struct platform_driver *drv = to_platform_driver(dev->driver);
	struct platform_device *pdev = to_platform_device(dev);

#if LINUX_VERSION_CODE >= 0x060b00
	if (drv->remove)
		drv->remove(pdev);
#elif KMEM_ERA >= 60
	if (drv->remove_new)
		drv->remove_new(pdev);
	else if (drv->remove && drv->remove(pdev))
		printk(KERN_WARNING "%s %s: remove callback returned a non-zero value. This will be ignored.\n",
		       drv->driver.name, dev_name(dev));
#else
	return drv->remove ? drv->remove(pdev) : 0;
#endif
}

struct bus_type platform_bus_type = {
	.name = "platform", .match = platform_match, .probe = platform_probe, .remove = platform_remove,
};

int kmem_platform_driver_register(struct platform_driver *drv, struct module *owner)
{
	kmem_bring_devices();
	drv->driver.owner = owner;
	drv->driver.bus = &platform_bus_type;
	return driver_register(&drv->driver);
}

void platform_driver_unregister(struct platform_driver *drv)
{
	driver_unregister(&drv->driver);
}

/* --- resources --- */

struct resource *platform_get_resource(struct platform_device *pdev, unsigned int type, unsigned int num)
{
	u32 i;

	for (i = 0; i < pdev->num_resources; i++)
		if (resource_type(&pdev->resource[i]) == type && num-- == 0)
			return &pdev->resource[i];
	return NULL;
}

struct resource *platform_get_resource_byname(struct platform_device *pdev, unsigned int type, const char *name)
{
	u32 i;

	for (i = 0; i < pdev->num_resources; i++) {
		struct resource *res = &pdev->resource[i];

		if (resource_type(res) == type && res->name && !strcmp(res->name, name))
			return res;
	}
	return NULL;
}

static int irq_of(struct platform_device *pdev, struct resource *res)
{
	if (res)
		return res->start;
#if KMEM_ERA >= 60
	return -ENXIO;
#else
	return 0;
#endif
}

int platform_get_irq(struct platform_device *pdev, unsigned int num)
{
	int irq = irq_of(pdev, platform_get_resource(pdev, IORESOURCE_IRQ, num));

#if KMEM_ERA >= 60
	if (irq < 0)
		dev_err(&pdev->dev, "IRQ index %u not found\n", num);
#endif
	return irq;
}

int platform_get_irq_byname(struct platform_device *pdev, const char *name)
{
	return irq_of(pdev, platform_get_resource_byname(pdev, IORESOURCE_IRQ, name));
}

/* --- devices --- */

static void name_platform(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;

	if (pdev->id == PLATFORM_DEVID_NONE)
		snprintf(pdev->kmem_name, sizeof(pdev->kmem_name), "%s", pdev->name);
	else if (pdev->id == PLATFORM_DEVID_AUTO)
		snprintf(pdev->kmem_name, sizeof(pdev->kmem_name), "%s.0.auto", pdev->name);
	else
		snprintf(pdev->kmem_name, sizeof(pdev->kmem_name), "%s.%d", pdev->name, pdev->id);
	kobject_set_name(&dev->kobj, "%s", pdev->kmem_name);
	if (!dev->parent)
		dev->parent = &platform_bus;
	dev->bus = &platform_bus_type;
	if (!dev->dma_mask) {
		dev->kmem_dma_mask = 0xffffffff;
		dev->dma_mask = &dev->kmem_dma_mask;
	}
	if (!dev->coherent_dma_mask)
		dev->coherent_dma_mask = 0xffffffff;
}

int platform_device_add(struct platform_device *pdev)
{
	kmem_bring_devices();
	name_platform(pdev);
	return device_add(&pdev->dev);
}

int platform_device_register(struct platform_device *pdev)
{
	device_initialize(&pdev->dev);
	return platform_device_add(pdev);
}

int platform_add_devices(struct platform_device **devs, int num)
{
	int i, err;

	for (i = 0; i < num; i++) {
		err = platform_device_register(devs[i]);
		if (err) {
			while (--i >= 0)
				platform_device_unregister(devs[i]);
			return err;
		}
	}
	return 0;
}

void platform_device_del(struct platform_device *pdev)
{
	if (pdev && !IS_ERR(pdev))
		device_del(&pdev->dev);
}

void platform_device_put(struct platform_device *pdev)
{
	if (pdev && !IS_ERR(pdev))
		put_device(&pdev->dev);
}

void platform_device_unregister(struct platform_device *pdev)
{
	platform_device_del(pdev);
	platform_device_put(pdev);
}

/* of platform_device_alloc: the resources and the data are copies */
static void release_allocated(struct device *dev)
{
	struct platform_device *pdev = to_platform_device(dev);

	kmem_host_rt_free(pdev->resource);
	kmem_host_rt_free(dev->platform_data);
	kmem_host_rt_free((void *)pdev->name);
	kmem_host_rt_free(pdev);
}

struct platform_device *platform_device_alloc(const char *name, int id)
{
	struct platform_device *pdev = kmem_rt_zalloc(sizeof(*pdev));

	if (!pdev)
		return NULL;
	pdev->name = kmem_rt_strdup(name);
	pdev->id = id;
	device_initialize(&pdev->dev);
	pdev->dev.release = release_allocated;
	return pdev;
}

static void *copy_of(const void *src, size_t size)
{
	void *p = size ? kmem_rt_zalloc(size) : NULL;

	return p ? memcpy(p, src, size) : NULL;
}

int platform_device_add_resources(struct platform_device *pdev, const struct resource *res, unsigned int num)
{
	struct resource *copy = copy_of(res, num * sizeof(*res));

	if (num && !copy)
		return -ENOMEM;
	kmem_host_rt_free(pdev->resource);
	pdev->resource = copy;
	pdev->num_resources = num;
	return 0;
}

int platform_device_add_data(struct platform_device *pdev, const void *data, size_t size)
{
	void *copy = copy_of(data, size);

	if (size && !copy)
		return -ENOMEM;
	kmem_host_rt_free(pdev->dev.platform_data);
	pdev->dev.platform_data = copy;
	return 0;
}

static struct platform_device *register_full(struct device *parent, const char *name, int id,
					     const struct resource *res, unsigned int num, const void *data,
					     size_t size, u64 dma_mask)
{
	struct platform_device *pdev = platform_device_alloc(name, id);
	int err;

	if (!pdev)
		return ERR_PTR(-ENOMEM);
	pdev->dev.parent = parent;
	if (dma_mask) {
		pdev->dev.kmem_dma_mask = dma_mask;
		pdev->dev.dma_mask = &pdev->dev.kmem_dma_mask;
		pdev->dev.coherent_dma_mask = dma_mask;
	}
	err = platform_device_add_resources(pdev, res, num);
	if (!err)
		err = platform_device_add_data(pdev, data, size);
	if (!err)
		err = platform_device_add(pdev);
	if (err) {
		platform_device_put(pdev);
		return ERR_PTR(err);
	}
	return pdev;
}

struct platform_device *platform_device_register_simple(const char *name, int id, const struct resource *res,
							unsigned int num)
{
	return register_full(NULL, name, id, res, num, NULL, 0, 0);
}

#if KMEM_ERA >= 60

int platform_irq_count(struct platform_device *pdev)
{
	int n = 0;

	while (platform_get_resource(pdev, IORESOURCE_IRQ, n))
		n++;
	return n;
}

int kmem_platform_driver_probe(struct platform_driver *drv, int (*probe)(struct platform_device *),
			       struct module *owner)
{
	drv->probe = probe;
	return kmem_platform_driver_register(drv, owner);
}

struct platform_device *platform_device_register_full(const struct platform_device_info *info)
{
	return register_full(info->parent, info->name, info->id, info->res, info->num_res, info->data,
			     info->size_data, info->dma_mask);
}

struct platform_device *platform_device_register_resndata(struct device *parent, const char *name, int id,
							  const struct resource *res, unsigned int num,
							  const void *data, size_t size)
{
	return register_full(parent, name, id, res, num, data, size, 0);
}

void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev, unsigned int index)
{
	return devm_ioremap_resource(&pdev->dev, platform_get_resource(pdev, IORESOURCE_MEM, index));
}

void __iomem *devm_platform_ioremap_resource_byname(struct platform_device *pdev, const char *name)
{
	return devm_ioremap_resource(&pdev->dev, platform_get_resource_byname(pdev, IORESOURCE_MEM, name));
}

void __iomem *devm_platform_get_and_ioremap_resource(struct platform_device *pdev, unsigned int index,
						     struct resource **res)
{
	struct resource *found = platform_get_resource(pdev, IORESOURCE_MEM, index);

	if (res)
		*res = found;
	return devm_ioremap_resource(&pdev->dev, found);
}

#endif

/* --- the option --- */

static u64 number_of(unsigned int index, const char *key)
{
	char text[24];
	unsigned long long value = 0;

	if (kmem_host_device(index, key, text, sizeof(text)) > 0)
		kmem_parse_ull(text, 0, &value);
	return value;
}

static void bring_platform(unsigned int index, const char *name)
{
	struct platform_device *pdev = platform_device_alloc(name, PLATFORM_DEVID_NONE);
	u64 size = number_of(index, "size"), irq = number_of(index, "irq");
	struct resource *res = kmem_rt_zalloc(2 * sizeof(*res));
	unsigned int n = 0;

	if (!pdev || !res)
		return;
	if (size)
		res[n++] = DEFINE_RES_NAMED(number_of(index, "mmio"), size, pdev->name, IORESOURCE_MEM);
	if (irq)
		res[n++] = DEFINE_RES_NAMED(irq, 1, pdev->name, IORESOURCE_IRQ);
	pdev->resource = res;
	pdev->num_resources = n;
	pdev->dev.of_node = kmem_of_node(index, name);
	if (pdev->dev.of_node) {
		pdev->dev.of_node->kmem_dev = &pdev->dev;
		pdev->dev.fwnode = &pdev->dev.of_node->fwnode;
	}
	if (!platform_device_add(pdev))
		kmem_device_is_of_host(&pdev->dev);
}

void kmem_bring_devices(void)
{
	static int done;
	unsigned int index;
	char name[48], pci[24];

	if (done)
		return;
	done = 1;
	platform_bus.kobj.state_initialized = 0;
	device_initialize(&platform_bus);
	kmem_host_unhold(KMEM_HOLD_KOBJECT, &platform_bus.kobj);
	kobject_set_name(&platform_bus.kobj, "platform");
	platform_bus.kobj.state_in_sysfs = 1;
	for (index = 0; kmem_host_device(index, "name", name, sizeof(name)) > 0; index++) {
		if (kmem_host_device(index, "pci", pci, sizeof(pci)) > 0)
			kmem_pci_bring(index, name, pci, number_of(index, "mmio"), number_of(index, "size"),
				       number_of(index, "irq"));
		else
			bring_platform(index, name);
	}
}
