/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who asked for an interrupt or a range of ports: nothing comes of it, but it must be given back. */
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/errno.h>
#include "rt.h"

struct action {
	struct list_head list;
	unsigned int irq;
	unsigned long flags;
	void *dev;
	const char *name;
};

static LIST_HEAD(actions);
static LIST_HEAD(regions);

int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags,
		const char *name, void *dev)
{
	struct action *action;

	if (!handler || ((flags & IRQF_SHARED) && !dev))
		return -EINVAL;
	list_for_each_entry(action, &actions, list)
		if (action->irq == irq && !(action->flags & flags & IRQF_SHARED))
			return -EBUSY;
	action = kmem_rt_zalloc(sizeof(*action));
	if (!action)
		return -ENOMEM;
	*action = (struct action){ .irq = irq, .flags = flags, .dev = dev, .name = name };
	list_add_tail(&action->list, &actions);
	return 0;
}

static const void *give_back(unsigned int irq, void *dev)
{
	struct action *action;

	list_for_each_entry(action, &actions, list) {
		if (action->irq == irq && action->dev == dev) {
			const char *name = action->name;

			list_del(&action->list);
			kmem_host_rt_free(action);
			return name;
		}
	}
	kmem_host_misuse("free_irq: nobody requested it so", dev);
	return NULL;
}

#if KMEM_ERA >= 60
const void *free_irq(unsigned int irq, void *dev)
{
	return give_back(irq, dev);
}
#else
void free_irq(unsigned int irq, void *dev)
{
	give_back(irq, dev);
}
#endif

struct resource *kmem_request_region(resource_size_t start, resource_size_t n,
				     const char *name, unsigned long flags)
{
	struct resource *region;

	list_for_each_entry(region, &regions, kmem_all)
		if (region->flags == flags && region->start < start + n && start <= region->end)
			return NULL;
	region = kmem_rt_zalloc(sizeof(*region));
	if (!region)
		return NULL;
	region->start = start;
	region->end = start + n - 1;
	region->name = name;
	region->flags = flags;
	list_add_tail(&region->kmem_all, &regions);
	return region;
}

void kmem_release_region(resource_size_t start, resource_size_t n, unsigned long flags)
{
	struct resource *region;

	list_for_each_entry(region, &regions, kmem_all) {
		if (region->flags == flags && region->start == start && region->end == start + n - 1) {
			list_del(&region->kmem_all);
			kmem_host_rt_free(region);
			return;
		}
	}
	kmem_host_misuse("release_region: nobody requested it so", NULL);
}

void kmem_irq_left(struct kmem_left *left)
{
	struct action *action;
	struct resource *region;

	list_for_each_entry(action, &actions, list)
		kmem_left(left, "interrupt %u (%s)", action->irq, action->name);
	list_for_each_entry(region, &regions, kmem_all)
		kmem_left(left, "%s region %llx-%llx (%s)",
			  region->flags == IORESOURCE_IO ? "port" : "memory",
			  (u64)region->start, (u64)region->end, region->name);
}
