/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices of the PCI bus: those of --device that have pci=VENDOR:DEVICE. Window 0 is the device's registers. */
#pragma once
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/pci_ids.h>
#include <asm/io.h>

#define PCI_STD_NUM_BARS	6
#define PCI_NAME_SIZE	24
#define PCI_VENDOR_ID	0x00
#define PCI_DEVICE_ID	0x02
#define PCI_COMMAND	0x04
#define PCI_COMMAND_MEMORY	0x2
#define PCI_COMMAND_MASTER	0x4
#define PCI_REVISION_ID	0x08
#define PCI_CLASS_REVISION	0x08
#define PCI_INTERRUPT_LINE	0x3c
#define PCI_INTERRUPT_PIN	0x3d
#define PCI_BASE_ADDRESS_0	0x10
#define PCI_IRQ_LEGACY	(1 << 0)
#define PCI_IRQ_INTX	PCI_IRQ_LEGACY
#define PCI_IRQ_MSI	(1 << 1)
#define PCI_IRQ_MSIX	(1 << 2)
#define PCI_IRQ_ALL_TYPES	(PCI_IRQ_LEGACY | PCI_IRQ_MSI | PCI_IRQ_MSIX)
#define PCI_DEVFN(slot, func)	((((slot) & 0x1f) << 3) | ((func) & 0x07))
#define PCI_SLOT(devfn)	(((devfn) >> 3) & 0x1f)
#define PCI_FUNC(devfn)	((devfn) & 0x07)

struct pci_bus {
	unsigned char number;
};

struct pci_dev {
	struct pci_bus *bus;
	unsigned int devfn;
	unsigned short vendor, device, subsystem_vendor, subsystem_device;
	unsigned int class;
	u8 revision;
	u64 dma_mask;
	struct pci_driver *driver;
	struct device dev;
	unsigned int irq;
	struct resource resource[PCI_STD_NUM_BARS];
	unsigned int kmem_enabled, kmem_regions, kmem_managed;
	u8 kmem_config[64];
	void __iomem *kmem_table[PCI_STD_NUM_BARS];
};

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *dev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *dev);
	int (*suspend)(struct pci_dev *dev, pm_message_t state);
	int (*resume)(struct pci_dev *dev);
	void (*shutdown)(struct pci_dev *dev);
	struct device_driver driver;
};

#define DEFINE_PCI_DEVICE_TABLE(table)	const struct pci_device_id table[]
#define PCI_DEVICE(vend, dev)	\
	.vendor = (vend), .device = (dev), .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID
#define PCI_DEVICE_CLASS(dev_class, dev_class_mask)	\
	.class = (dev_class), .class_mask = (dev_class_mask), .vendor = PCI_ANY_ID, .device = PCI_ANY_ID,	\
	.subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID
#define PCI_VDEVICE(vend, dev)	\
	.vendor = PCI_VENDOR_ID_##vend, .device = (dev), .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID, 0, 0

#define to_pci_dev(n)	container_of((n), struct pci_dev, dev)
#define pci_get_drvdata(pdev)	dev_get_drvdata(&(pdev)->dev)
#define pci_set_drvdata(pdev, data)	dev_set_drvdata(&(pdev)->dev, (data))
#define pci_name(pdev)	dev_name(&(pdev)->dev)
#define pci_resource_start(dev, bar)	((dev)->resource[bar].start)
#define pci_resource_end(dev, bar)	((dev)->resource[bar].end)
#define pci_resource_flags(dev, bar)	((dev)->resource[bar].flags)
#define pci_resource_len(dev, bar)	\
	((dev)->resource[bar].end ? resource_size(&(dev)->resource[bar]) : 0)

int kmem_pci_register_driver(struct pci_driver *drv, struct module *owner);
#define pci_register_driver(drv)	kmem_pci_register_driver((drv), THIS_MODULE)
void pci_unregister_driver(struct pci_driver *drv);
#define module_pci_driver(drv)	module_driver(drv, pci_register_driver, pci_unregister_driver)
#define pci_module_init(drv)	pci_register_driver(drv)
int pci_enable_device(struct pci_dev *dev);
#define pci_enable_device_mem(dev)	pci_enable_device(dev)
void pci_disable_device(struct pci_dev *dev);
int pci_request_regions(struct pci_dev *dev, const char *name);
void pci_release_regions(struct pci_dev *dev);
int pci_request_region(struct pci_dev *dev, int bar, const char *name);
void pci_release_region(struct pci_dev *dev, int bar);
void pci_set_master(struct pci_dev *dev);
void pci_clear_master(struct pci_dev *dev);
int pci_read_config_byte(struct pci_dev *dev, int where, u8 *val);
int pci_read_config_word(struct pci_dev *dev, int where, u16 *val);
int pci_read_config_dword(struct pci_dev *dev, int where, u32 *val);
int pci_write_config_byte(struct pci_dev *dev, int where, u8 val);
int pci_write_config_word(struct pci_dev *dev, int where, u16 val);
int pci_write_config_dword(struct pci_dev *dev, int where, u32 val);
void __iomem *pci_iomap(struct pci_dev *dev, int bar, unsigned long max);
void pci_iounmap(struct pci_dev *dev, void __iomem *addr);
void __iomem *pci_ioremap_bar(struct pci_dev *dev, int bar);
struct pci_dev *pci_get_device(unsigned int vendor, unsigned int device, struct pci_dev *from);
struct pci_dev *pci_dev_get(struct pci_dev *dev);
void pci_dev_put(struct pci_dev *dev);
#define pci_save_state(dev)	((void)(dev), 0)
#define pci_restore_state(dev)	((void)(dev))
#define pci_set_power_state(dev, state)	((void)(dev), (void)(state), 0)
#define pci_enable_msi(dev)	((void)(dev), 0)
#define pci_disable_msi(dev)	((void)(dev))
#define pci_set_dma_mask(dev, mask)	dma_set_mask(&(dev)->dev, (mask))
#define pci_alloc_consistent(dev, size, handle)	\
	dma_alloc_coherent((dev) ? &(dev)->dev : NULL, (size), (handle), GFP_ATOMIC)
#define pci_free_consistent(dev, size, cpu, handle)	\
	dma_free_coherent((dev) ? &(dev)->dev : NULL, (size), (cpu), (handle))
#define PCI_DMA_BIDIRECTIONAL	DMA_BIDIRECTIONAL
#define PCI_DMA_TODEVICE	DMA_TO_DEVICE
#define PCI_DMA_FROMDEVICE	DMA_FROM_DEVICE
#define pci_map_single(dev, ptr, size, dir)	dma_map_single(&(dev)->dev, (ptr), (size), (dir))
#define pci_unmap_single(dev, addr, size, dir)	dma_unmap_single(&(dev)->dev, (addr), (size), (dir))

#if KMEM_ERA >= 60
#define pci_set_consistent_dma_mask(dev, mask)	dma_set_coherent_mask(&(dev)->dev, (mask))
int pcim_enable_device(struct pci_dev *dev);
int pcim_iomap_regions(struct pci_dev *dev, int mask, const char *name);
void __iomem *const *pcim_iomap_table(struct pci_dev *dev);
void __iomem *pcim_iomap(struct pci_dev *dev, int bar, unsigned long max);
void pcim_iounmap(struct pci_dev *dev, void __iomem *addr);
void __iomem *pcim_iomap_region(struct pci_dev *dev, int bar, const char *name);
#define pcim_iounmap_regions(dev, mask)	((void)(dev), (void)(mask))
#define pci_alloc_irq_vectors(dev, min, max, flags)	((dev)->irq ? 1 : -ENOSPC)
#define pci_free_irq_vectors(dev)	((void)(dev))
#define pci_irq_vector(pdev, n)	((n) ? -EINVAL : (int)(pdev)->irq)
#define pci_intx(pdev, on)	((void)(pdev), (void)(on))
#else
#define pci_set_consistent_dma_mask(dev, mask)	dma_set_mask(&(dev)->dev, (mask))
#define pci_find_device(vendor, device, from)	pci_get_device(vendor, device, from)
#endif
