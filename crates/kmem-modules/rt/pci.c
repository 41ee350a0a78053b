/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The PCI bus: a device is found by its numbers, its window 0 is the register window of --device. */
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/string.h>
#include "rt.h"

static struct pci_bus the_bus;
static LIST_HEAD(pci_devices);

struct known_pci {
	struct list_head list;
	struct pci_dev pdev;
};

static const struct pci_device_id *match_id(const struct pci_device_id *id, const struct pci_dev *dev)
{
	for (; id && (id->vendor || id->subvendor || id->class_mask); id++)
		if ((id->vendor == (u32)PCI_ANY_ID || id->vendor == dev->vendor) &&
		    (id->device == (u32)PCI_ANY_ID || id->device == dev->device) &&
		    (id->subvendor == (u32)PCI_ANY_ID || id->subvendor == dev->subsystem_vendor) &&
		    (id->subdevice == (u32)PCI_ANY_ID || id->subdevice == dev->subsystem_device) &&
		    !((id->class ^ dev->class) & id->class_mask))
			return id;
	return NULL;
}

#if LINUX_VERSION_CODE >= 0x060b00
static int pci_match(struct device *dev, const struct device_driver *drv)
#else
static int pci_match(struct device *dev, struct device_driver *drv)
#endif
{
	return match_id(container_of(drv, struct pci_driver, driver)->id_table, to_pci_dev(dev)) != NULL;
}

static int pci_probe(struct device *dev)
{
	struct pci_driver *drv = container_of(dev->driver, struct pci_driver, driver);
	struct pci_dev *pdev = to_pci_dev(dev);
	int err = drv->probe ? drv->probe(pdev, match_id(drv->id_table, pdev)) : 0;

	pdev->driver = err ? NULL : drv;
	return err;
}

static void leave_driver(struct pci_dev *pdev)
{
	struct pci_driver *drv = pdev->driver;

	if (drv && drv->remove)
		drv->remove(pdev);
	pdev->driver = NULL;
}

#if KMEM_ERA >= 60
static void pci_remove(struct device *dev)
{
	leave_driver(to_pci_dev(dev));
}
#else
static int pci_remove(struct device *dev)
{
	leave_driver(to_pci_dev(dev));
	return 0;
}
#endif

struct bus_type pci_bus_type = { .name = "pci", .match = pci_match, .probe = pci_probe, .remove = pci_remove };

int kmem_pci_register_driver(struct pci_driver *drv, struct module *owner)
{
	kmem_bring_devices();
	drv->driver.name = drv->name;
	drv->driver.owner = owner;
	drv->driver.bus = &pci_bus_type;
	return driver_register(&drv->driver);
}

void pci_unregister_driver(struct pci_driver *drv)
{
	driver_unregister(&drv->driver);
}

static void release_pci(struct device *dev)
{
}

void kmem_pci_bring(unsigned int index, const char *name, const char *numbers, u64 mmio, u64 size, unsigned int irq)
{
	struct known_pci *known = kmem_rt_zalloc(sizeof(*known));
	struct pci_dev *pdev;
	unsigned long long vendor = 0, device = 0;
	const char *colon = strchr(numbers, ':');

	if (!known)
		return;
	pdev = &known->pdev;
	kmem_scan_ull(numbers, 16, 4, &vendor);
	if (colon)
		kmem_scan_ull(colon + 1, 16, 4, &device);
	pdev->bus = &the_bus;
	pdev->devfn = PCI_DEVFN(index + 2, 0);
	pdev->vendor = vendor;
	pdev->device = device;
	pdev->irq = irq;
	*(u16 *)&pdev->kmem_config[PCI_VENDOR_ID] = vendor;
	*(u16 *)&pdev->kmem_config[PCI_DEVICE_ID] = device;
	*(u32 *)&pdev->kmem_config[PCI_BASE_ADDRESS_0] = mmio;
	pdev->kmem_config[PCI_INTERRUPT_LINE] = irq;
	if (size)
		pdev->resource[0] = DEFINE_RES_NAMED(mmio, size, name, IORESOURCE_MEM);
	device_initialize(&pdev->dev);
	kobject_set_name(&pdev->dev.kobj, "0000:00:%02x.0", index + 2);
	pdev->dev.bus = &pci_bus_type;
	pdev->dev.release = release_pci;
	pdev->dma_mask = 0xffffffff;
	pdev->dev.dma_mask = &pdev->dma_mask;
	pdev->dev.coherent_dma_mask = 0xffffffff;
	pdev->dev.of_node = kmem_of_node(index, name);
	list_add_tail(&known->list, &pci_devices);
	if (!device_add(&pdev->dev))
		kmem_device_is_of_host(&pdev->dev);
}

struct pci_dev *pci_get_device(unsigned int vendor, unsigned int device, struct pci_dev *from)
{
	struct known_pci *known;
	int passed = !from;

	kmem_bring_devices();
	list_for_each_entry(known, &pci_devices, list) {
		struct pci_dev *pdev = &known->pdev;

		if (passed && (vendor == (unsigned int)PCI_ANY_ID || pdev->vendor == vendor) &&
		    (device == (unsigned int)PCI_ANY_ID || pdev->device == device)) {
			pci_dev_put(from);
			return pci_dev_get(pdev);
		}
		passed |= pdev == from;
	}
	pci_dev_put(from);
	return NULL;
}

struct pci_dev *pci_dev_get(struct pci_dev *dev)
{
	if (dev)
		get_device(&dev->dev);
	return dev;
}

void pci_dev_put(struct pci_dev *dev)
{
	if (dev)
		put_device(&dev->dev);
}

static void set_command(struct pci_dev *dev, u16 bits, int on)
{
	u16 *command = (u16 *)&dev->kmem_config[PCI_COMMAND];

	*command = on ? *command | bits : *command & ~bits;
}

int pci_enable_device(struct pci_dev *dev)
{
	dev->kmem_enabled++;
	set_command(dev, PCI_COMMAND_MEMORY, 1);
	return 0;
}

void pci_disable_device(struct pci_dev *dev)
{
	if (!dev->kmem_enabled)
		kmem_host_misuse("pci_disable_device: the device is not enabled", dev);
	else
		dev->kmem_enabled--;
	set_command(dev, PCI_COMMAND_MASTER, 0);
}

void pci_set_master(struct pci_dev *dev)
{
	set_command(dev, PCI_COMMAND_MASTER, 1);
}

void pci_clear_master(struct pci_dev *dev)
{
	set_command(dev, PCI_COMMAND_MASTER, 0);
}

int pci_request_region(struct pci_dev *dev, int bar, const char *name)
{
	if (bar < 0 || bar >= PCI_STD_NUM_BARS || !pci_resource_len(dev, bar))
		return 0;
	return request_mem_region(pci_resource_start(dev, bar), pci_resource_len(dev, bar), name) ? 0 : -EBUSY;
}

void pci_release_region(struct pci_dev *dev, int bar)
{
	if (bar >= 0 && bar < PCI_STD_NUM_BARS && pci_resource_len(dev, bar))
		release_mem_region(pci_resource_start(dev, bar), pci_resource_len(dev, bar));
}

int pci_request_regions(struct pci_dev *dev, const char *name)
{
	int bar, err = 0;

	for (bar = 0; bar < PCI_STD_NUM_BARS && !err; bar++)
		err = pci_request_region(dev, bar, name);
	return err;
}

void pci_release_regions(struct pci_dev *dev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		pci_release_region(dev, bar);
}

#define CONFIG_ACCESS(name, type)					\
int pci_read_config_##name(struct pci_dev *dev, int where, type *val)	\
{									\
	*val = (type)~0;						\
	if (where < 0 || where + sizeof(type) > sizeof(dev->kmem_config))	\
		return -EINVAL;						\
	memcpy(val, &dev->kmem_config[where], sizeof(type));		\
	return 0;							\
}									\
int pci_write_config_##name(struct pci_dev *dev, int where, type val)	\
{									\
	if (where < 4 || where + sizeof(type) > sizeof(dev->kmem_config))	\
		return -EINVAL;						\
	memcpy(&dev->kmem_config[where], &val, sizeof(type));		\
	return 0;							\
}
CONFIG_ACCESS(byte, u8)
CONFIG_ACCESS(word, u16)
CONFIG_ACCESS(dword, u32)

void __iomem *pci_iomap(struct pci_dev *dev, int bar, unsigned long max)
{
	resource_size_t len;

	if (bar < 0 || bar >= PCI_STD_NUM_BARS)
		return NULL;
	len = pci_resource_len(dev, bar);
	if (!len || !pci_resource_start(dev, bar))
		return NULL;
	if (!dev->kmem_enabled)
		kmem_host_misuse("pci_iomap: the device is not enabled: pci_enable_device() comes first", dev);
	if (max && max < len)
		len = max;
	return ioremap(pci_resource_start(dev, bar), len);
}

void pci_iounmap(struct pci_dev *dev, void __iomem *addr)
{
	iounmap(addr);
}

void __iomem *pci_ioremap_bar(struct pci_dev *dev, int bar)
{
	return pci_iomap(dev, bar, 0);
}

#if KMEM_ERA >= 60

static void disable_action(void *dev)
{
	pci_disable_device(dev);
}

int pcim_enable_device(struct pci_dev *dev)
{
	int err = pci_enable_device(dev);

	if (!err)
		err = devm_add_action_or_reset(&dev->dev, disable_action, dev);
	dev->kmem_managed = !err;
	return err;
}

struct pcim_map {
	struct pci_dev *dev;
	int bar;
	int claimed;
};

static void unmap_bar(struct device *dev, void *data)
{
	struct pcim_map *map = data;

	iounmap(map->dev->kmem_table[map->bar]);
	map->dev->kmem_table[map->bar] = NULL;
	if (map->claimed)
		pci_release_region(map->dev, map->bar);
}

static void __iomem *map_bar(struct pci_dev *dev, int bar, unsigned long max, const char *name)
{
	struct pcim_map *map = devres_alloc(unmap_bar, sizeof(*map), GFP_KERNEL);

	if (!map)
		return NULL;
	map->dev = dev;
	map->bar = bar;
	if (name) {
		if (pci_request_region(dev, bar, name)) {
			devres_free(map);
			return IOMEM_ERR_PTR(-EBUSY);
		}
		map->claimed = 1;
	}
	dev->kmem_table[bar] = pci_iomap(dev, bar, max);
	if (!dev->kmem_table[bar]) {
		if (map->claimed)
			pci_release_region(dev, bar);
		devres_free(map);
		return NULL;
	}
	devres_add(&dev->dev, map);
	return dev->kmem_table[bar];
}

void __iomem *pcim_iomap(struct pci_dev *dev, int bar, unsigned long max)
{
	return bar < 0 || bar >= PCI_STD_NUM_BARS ? NULL : map_bar(dev, bar, max, NULL);
}

void __iomem *pcim_iomap_region(struct pci_dev *dev, int bar, const char *name)
{
	void __iomem *addr = bar < 0 || bar >= PCI_STD_NUM_BARS ? NULL : map_bar(dev, bar, 0, name);

	return addr ? addr : IOMEM_ERR_PTR(-ENOMEM);
}

int pcim_iomap_regions(struct pci_dev *dev, int mask, const char *name)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		void __iomem *addr;

		if (!(mask & 1 << bar))
			continue;
		if (!pci_resource_len(dev, bar))
			return -EINVAL;
		addr = map_bar(dev, bar, 0, name);
		if (IS_ERR_OR_NULL((void *)addr))
			return addr ? PTR_ERR((void *)addr) : -ENOMEM;
	}
	return 0;
}

void __iomem *const *pcim_iomap_table(struct pci_dev *dev)
{
	return dev->kmem_table;
}

void pcim_iounmap(struct pci_dev *dev, void __iomem *addr)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (addr && dev->kmem_table[bar] == addr)
			devres_release(&dev->dev, unmap_bar, NULL, NULL);
}

#endif
