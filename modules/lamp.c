// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A driver of a lamp: one register for its brightness, one that counts how often its button was pressed, which comes as
 * an interrupt. With `wrong=1` the buffer that is given to the device is one of vmalloc.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

static int wrong;
module_param(wrong, int, 0444);

#define BRIGHTNESS	0x0
#define PRESSED		0x4

struct lamp {
	void __iomem *regs;
	unsigned int pressed;
};

static ssize_t brightness_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct lamp *lamp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", readl(lamp->regs + BRIGHTNESS));
}

static ssize_t brightness_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct lamp *lamp = dev_get_drvdata(dev);
	unsigned int value;
	int err = kstrtouint(buf, 0, &value);

	if (err)
		return err;
	writel(value, lamp->regs + BRIGHTNESS);
	return count;
}
static DEVICE_ATTR_RW(brightness);

static struct attribute *lamp_attrs[] = { &dev_attr_brightness.attr, NULL };
ATTRIBUTE_GROUPS(lamp);

static irqreturn_t lamp_irq(int irq, void *data)
{
	struct lamp *lamp = data;

	writel(++lamp->pressed, lamp->regs + PRESSED);
	return IRQ_HANDLED;
}

static int lamp_send(struct device *dev)
{
	void *buf = wrong ? vmalloc(64) : kmalloc(64, GFP_KERNEL);
	dma_addr_t at;

	if (!buf)
		return -ENOMEM;
	at = dma_map_single(dev, buf, 64, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, at))
		dma_unmap_single(dev, at, 64, DMA_TO_DEVICE);
	kvfree(buf);
	return 0;
}

static int lamp_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct lamp *lamp = devm_kzalloc(dev, sizeof(*lamp), GFP_KERNEL);
	u32 brightness = 10;
	int err, irq;

	if (!lamp)
		return -ENOMEM;
	lamp->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(lamp->regs))
		return PTR_ERR(lamp->regs);
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	platform_set_drvdata(pdev, lamp);
	err = devm_request_irq(dev, irq, lamp_irq, 0, "lamp", lamp);
	if (err)
		return err;
	of_property_read_u32(dev->of_node, "brightness", &brightness);
	writel(brightness, lamp->regs + BRIGHTNESS);
	dev_info(dev, "on, brightness %u\n", brightness);
	return lamp_send(dev);
}

static const struct of_device_id lamp_ids[] = { { .compatible = "acme,lamp" }, { } };
MODULE_DEVICE_TABLE(of, lamp_ids);

static struct platform_driver lamp_driver = {
	.probe = lamp_probe,
	.driver = { .name = "lamp", .of_match_table = lamp_ids, .dev_groups = lamp_groups },
};
module_platform_driver(lamp_driver);
MODULE_LICENSE("Dual MIT/GPL");
