/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Faults of a driver, one for each value of FAULT; with 0 there is none. Lines are marked as in task_bugs.c. */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/debugfs.h>
#include <linux/version.h>

struct gadget {
	void __iomem *regs;
	void __iomem *more;
	struct dma_pool *pool;
	void *ring;
	dma_addr_t ring_at;
	struct dentry *dir;
	int irq, count;
	u32 speed;
};

static u8 still[64];

static irqreturn_t on_irq(int irq, void *data)
{
	struct gadget *g = data;

	g->count++;
#if FAULT == 9
	kfree(kmalloc(8, GFP_KERNEL));			/* BUG 9 atomic-sleep */
#endif
	writel(g->count, g->regs + 4);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t on_thread(int irq, void *data)
{
	struct gadget *g = data;

	writel(g->count * 100, g->regs + 8);
	return IRQ_HANDLED;
}

static ssize_t count_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct gadget *g = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", g->count);
}

static ssize_t count_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t n)
{
	struct gadget *g = dev_get_drvdata(dev);
	int err = kstrtoint(buf, 0, &g->count);

	return err ? err : n;
}
static DEVICE_ATTR_RW(count);

static struct attribute *gadget_attrs[] = { &dev_attr_count.attr, NULL };
ATTRIBUTE_GROUPS(gadget);

static int transfer(struct device *dev, struct gadget *g)
{
	u8 here[16];
	u8 *buf = kmalloc(256, GFP_KERNEL);
	u8 *far = vmalloc(100);
	dma_addr_t at, object;
	void *p;

	if (!buf || !far)
		return -ENOMEM;
#if FAULT == 1
	at = dma_map_single(dev, far, 100, DMA_TO_DEVICE);	/* BUG 1 misuse */
#elif FAULT == 2
	at = dma_map_single(dev, here, 16, DMA_TO_DEVICE);	/* BUG 2 misuse */
#elif FAULT == 3
	at = dma_map_single(dev, still, 64, DMA_TO_DEVICE);	/* BUG 3 misuse */
#elif FAULT == 4
	at = dma_map_single(dev, buf + 200, 100, DMA_TO_DEVICE);	/* BUG 4 misuse */
#endif
	at = dma_map_single(dev, buf, 256, DMA_FROM_DEVICE);	/* SECOND 5 */
#if FAULT != 6
	if (dma_mapping_error(dev, at))
		return -ENOMEM;
#endif
	dma_sync_single_for_cpu(dev, at, 256, DMA_FROM_DEVICE);
#if FAULT == 7
	dma_unmap_single(dev, at, 128, DMA_FROM_DEVICE);	/* BUG 7 misuse */
#elif FAULT == 13
	dma_unmap_single(dev, at, 256, DMA_TO_DEVICE);		/* BUG 13 misuse */
#elif FAULT != 5
	dma_unmap_single(dev, at, 256, DMA_FROM_DEVICE);	/* BUG 6 misuse */
#endif
#if FAULT == 8
	dma_unmap_single(dev, at, 256, DMA_FROM_DEVICE);	/* BUG 8 misuse */
#endif
	p = dma_pool_zalloc(g->pool, GFP_KERNEL, &object);	/* BUG 10 leak */
	if (!p)
		return -ENOMEM;
#if FAULT != 10
	dma_pool_free(g->pool, p, object);
#endif
#if FAULT == 11
	dma_pool_free(g->pool, p, object);			/* BUG 11 misuse */
#endif
	vfree(far);
	kfree(buf);						/* BUG 5 misuse */
	here[0] = still[0];
	return here[0];
}

static int gadget_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct gadget *g = devm_kzalloc(dev, sizeof(*g), GFP_KERNEL);
	int err;

	if (!g)
		return -ENOMEM;
	platform_set_drvdata(pdev, g);
	g->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(g->regs))
		return PTR_ERR(g->regs);
	g->more = of_iomap(dev->of_node, 0);			/* BUG 12 leak */
	g->irq = platform_get_irq(pdev, 0);
	if (!g->more || g->irq < 0)
		return -ENODEV;
	err = of_property_read_u32(dev->of_node, "speed", &g->speed);
	if (err)
		return err;
	g->pool = dma_pool_create("gadget", dev, 48, 16, 0);	/* BUG 14 leak */
	g->ring = dma_alloc_coherent(dev, 3000, &g->ring_at, GFP_KERNEL);	/* BUG 15 leak */
	if (!g->pool || !g->ring)
		return -ENOMEM;
#if FAULT == 16
	err = request_threaded_irq(g->irq, on_irq, on_thread, 0, "gadget", g);	/* BUG 16 leak */
#else
	err = devm_request_threaded_irq(dev, g->irq, on_irq, on_thread, 0, "gadget", g);
#endif
	if (err)
		return err;
	g->dir = debugfs_create_dir("gadget", NULL);		/* BUG 17 leak */
	debugfs_create_u32("speed", 0644, g->dir, &g->speed);
	err = transfer(dev, g);
	dev_info(dev, "speed %u, id %08x, %u bytes at %pa\n", g->speed, readl(g->regs),
		 (u32)resource_size(platform_get_resource(pdev, IORESOURCE_MEM, 0)),
		 &platform_get_resource(pdev, IORESOURCE_MEM, 0)->start);
	return err;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define REMOVED	void
#define DONE
#else
#define REMOVED	int
#define DONE	0
#endif
static REMOVED gadget_remove(struct platform_device *pdev)
{
	struct gadget *g = platform_get_drvdata(pdev);

#if FAULT != 17
	debugfs_remove_recursive(g->dir);
#endif
#if FAULT == 18
	dma_free_coherent(&pdev->dev, 2000, g->ring, g->ring_at);	/* BUG 18 mismatch */
#elif FAULT != 15
	dma_free_coherent(&pdev->dev, 3000, g->ring, g->ring_at);
#endif
#if FAULT != 14
	dma_pool_destroy(g->pool);
#endif
#if FAULT != 12
	iounmap(g->more);
#endif
	dev_info(&pdev->dev, "gone\n");
	return DONE;
}

static const struct of_device_id gadget_ids[] = { { .compatible = "acme,gadget" }, { } };
MODULE_DEVICE_TABLE(of, gadget_ids);

static struct platform_driver gadget_driver = {
	.probe = gadget_probe,
	.remove = gadget_remove,
	.driver = { .name = "gadget", .of_match_table = gadget_ids, .dev_groups = gadget_groups },
};

#if FAULT == 19
static int __init gadget_init(void)
{
	return platform_driver_register(&gadget_driver);	/* BUG 19 leak */
}
module_init(gadget_init);
static void __exit gadget_exit(void) { }
module_exit(gadget_exit);
#else
module_platform_driver(gadget_driver);
#endif
MODULE_LICENSE("Dual MIT/GPL");
