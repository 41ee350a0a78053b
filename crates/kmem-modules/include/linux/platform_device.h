/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices that cannot be discovered: they are told of by --device, or registered by a module. */
#pragma once
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/mod_devicetable.h>

#define PLATFORM_DEVID_NONE	(-1)
#define PLATFORM_DEVID_AUTO	(-2)

struct platform_device {
	const char *name;
	int id;
	_Bool id_auto;
	struct device dev;
	u32 num_resources;
	struct resource *resource;
	const struct platform_device_id *id_entry;
	char *driver_override;
	char kmem_name[40];
};

struct platform_driver {
	int (*probe)(struct platform_device *pdev);
#if LINUX_VERSION_CODE >= 0x060b00
	union {
		void (*remove)(struct platform_device *pdev);
		void (*remove_new)(struct platform_device *pdev);
	};
#else
	int (*remove)(struct platform_device *pdev);
#if KMEM_ERA >= 60
	void (*remove_new)(struct platform_device *pdev);
#endif
#endif
	void (*shutdown)(struct platform_device *pdev);
	int (*suspend)(struct platform_device *pdev, pm_message_t state);
	int (*resume)(struct platform_device *pdev);
	struct device_driver driver;
	const struct platform_device_id *id_table;
	_Bool prevent_deferred_probe;
};

struct platform_device_info {
	struct device *parent;
	struct fwnode_handle *fwnode;
	const char *name;
	int id;
	const struct resource *res;
	unsigned int num_res;
	const void *data;
	size_t size_data;
	u64 dma_mask;
};

extern struct bus_type platform_bus_type;
extern struct device platform_bus;

#define to_platform_device(x)	container_of((x), struct platform_device, dev)
#define to_platform_driver(drv)	container_of((drv), struct platform_driver, driver)
#define platform_get_drvdata(pdev)	dev_get_drvdata(&(pdev)->dev)
#define platform_set_drvdata(pdev, data)	dev_set_drvdata(&(pdev)->dev, (data))
#define platform_get_device_id(pdev)	((pdev)->id_entry)

int kmem_platform_driver_register(struct platform_driver *drv, struct module *owner);
#define platform_driver_register(drv)	kmem_platform_driver_register((drv), THIS_MODULE)
void platform_driver_unregister(struct platform_driver *drv);
#define module_platform_driver(drv)	\
	module_driver(drv, platform_driver_register, platform_driver_unregister)
#define builtin_platform_driver(drv)	builtin_driver(drv, platform_driver_register)

int platform_device_register(struct platform_device *pdev);
int platform_add_devices(struct platform_device **devs, int num);
void platform_device_unregister(struct platform_device *pdev);
struct platform_device *platform_device_alloc(const char *name, int id);
int platform_device_add_resources(struct platform_device *pdev, const struct resource *res, unsigned int num);
int platform_device_add_data(struct platform_device *pdev, const void *data, size_t size);
int platform_device_add(struct platform_device *pdev);
void platform_device_del(struct platform_device *pdev);
void platform_device_put(struct platform_device *pdev);
struct platform_device *platform_device_register_simple(const char *name, int id, const struct resource *res,
							unsigned int num);

struct resource *platform_get_resource(struct platform_device *pdev, unsigned int type, unsigned int num);
struct resource *platform_get_resource_byname(struct platform_device *pdev, unsigned int type, const char *name);
int platform_get_irq(struct platform_device *pdev, unsigned int num);
int platform_get_irq_byname(struct platform_device *pdev, const char *name);

#if KMEM_ERA >= 60
#define platform_get_irq_optional(pdev, num)	platform_get_irq((pdev), (num))
#define platform_get_irq_byname_optional(pdev, name)	platform_get_irq_byname((pdev), (name))
int platform_irq_count(struct platform_device *pdev);
int kmem_platform_driver_probe(struct platform_driver *drv, int (*probe)(struct platform_device *),
			       struct module *owner);
#define platform_driver_probe(drv, probe)	kmem_platform_driver_probe((drv), (probe), THIS_MODULE)
#define module_platform_driver_probe(drv, probe)			\
	static int __init drv##_init(void) { return platform_driver_probe(&(drv), probe); }	\
	module_init(drv##_init);					\
	static void __exit drv##_exit(void) { platform_driver_unregister(&(drv)); }	\
	module_exit(drv##_exit)
struct platform_device *platform_device_register_full(const struct platform_device_info *info);
struct platform_device *platform_device_register_resndata(struct device *parent, const char *name, int id,
							  const struct resource *res, unsigned int num,
							  const void *data, size_t size);
#define platform_device_register_data(parent, name, id, data, size)	\
	platform_device_register_resndata((parent), (name), (id), NULL, 0, (data), (size))
void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev, unsigned int index);
void __iomem *devm_platform_ioremap_resource_byname(struct platform_device *pdev, const char *name);
void __iomem *devm_platform_get_and_ioremap_resource(struct platform_device *pdev, unsigned int index,
						     struct resource **res);
#endif
