/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is given back by itself when a driver leaves its device, or fails to take it: the last thing first.  Each resource
 * is an action with its data; devm_kmalloc's memory is an object of kmalloc like any other.
 */
#include <linux/device.h>
#include "rt.h"

#if KMEM_ERA >= 60
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/of_address.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

struct devres {
	struct list_head list;
	void (*action)(void *);		/* gets the data */
	void *data;
	dr_release_t release;		/* of devres_alloc: gets the device and the data */
	void *group;			/* a mark: a group begins (or ends) here */
	int is_end;
};

/* what devres_alloc gives lies behind this */
struct devres_head {
	size_t size;
	dr_release_t release;
};

static struct devres *new_devres(struct device *dev)
{
	struct devres *res = kmem_rt_zalloc(sizeof(*res));

	if (!dev->kmem_resources.next)
		INIT_LIST_HEAD(&dev->kmem_resources);
	if (res)
		list_add(&res->list, &dev->kmem_resources);
	return res;
}

static void drop_devres(struct device *dev, struct devres *res, int run)
{
	list_del(&res->list);
	if (run && res->release)
		res->release(dev, res->data);
	if (run && res->action)
		res->action(res->data);
	if (res->release)
		kfree((struct devres_head *)res->data - 1);
	kmem_host_rt_free(res);
}

void kmem_devres_release(struct device *dev)
{
	while (dev->kmem_resources.next && !list_empty(&dev->kmem_resources))
		drop_devres(dev, list_first_entry(&dev->kmem_resources, struct devres, list), 1);
}

int devm_add_action(struct device *dev, void (*action)(void *), void *data)
{
	struct devres *res = new_devres(dev);

	if (!res)
		return -ENOMEM;
	res->action = action;
	res->data = data;
	return 0;
}

int devm_add_action_or_reset(struct device *dev, void (*action)(void *), void *data)
{
	int err = devm_add_action(dev, action, data);

	if (err)
		action(data);
	return err;
}

static struct devres *find_action(struct device *dev, void (*action)(void *), const void *data)
{
	struct devres *res;

	if (dev->kmem_resources.next)
		list_for_each_entry(res, &dev->kmem_resources, list)
			if (res->action == action && res->data == data)
				return res;
	return NULL;
}

void devm_remove_action(struct device *dev, void (*action)(void *), void *data)
{
	struct devres *res = find_action(dev, action, data);

	if (!WARN_ON(!res))
		drop_devres(dev, res, 0);
}

void devm_release_action(struct device *dev, void (*action)(void *), void *data)
{
	struct devres *res = find_action(dev, action, data);

	if (!WARN_ON(!res))
		drop_devres(dev, res, 1);
}

/* --- by hand --- */

void *devres_alloc(dr_release_t release, size_t size, gfp_t gfp)
{
	struct devres_head *head = kzalloc(sizeof(*head) + size, gfp);

	if (!head)
		return NULL;
	head->size = size;
	head->release = release;
	return head + 1;
}

void devres_free(void *res)
{
	if (res)
		kfree((struct devres_head *)res - 1);
}

void devres_add(struct device *dev, void *data)
{
	struct devres *res = new_devres(dev);

	if (!res)
		return;
	res->data = data;
	res->release = ((struct devres_head *)data - 1)->release;
}

static struct devres *find_res(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *res;

	if (dev->kmem_resources.next)
		list_for_each_entry(res, &dev->kmem_resources, list)
			if (res->release == release && (!match || match(dev, res->data, match_data)))
				return res;
	return NULL;
}

void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *res = find_res(dev, release, match, match_data);

	return res ? res->data : NULL;
}

void *devres_get(struct device *dev, void *new_res, dr_match_t match, void *match_data)
{
	void *old = devres_find(dev, ((struct devres_head *)new_res - 1)->release, match, match_data);

	if (old) {
		devres_free(new_res);
		return old;
	}
	devres_add(dev, new_res);
	return new_res;
}

void *devres_remove(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *res = find_res(dev, release, match, match_data);
	void *data;

	if (!res)
		return NULL;
	data = res->data;
	list_del(&res->list);
	kmem_host_rt_free(res);
	return data;
}

int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *res = find_res(dev, release, match, match_data);

	if (!res)
		return -ENOENT;
	drop_devres(dev, res, 0);
	return 0;
}

int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct devres *res = find_res(dev, release, match, match_data);

	if (!res)
		return -ENOENT;
	drop_devres(dev, res, 1);
	return 0;
}

/* --- groups: marks in the list --- */

void *devres_open_group(struct device *dev, void *id, gfp_t gfp)
{
	struct devres *res = new_devres(dev);

	if (!res)
		return NULL;
	res->group = id ? id : res;
	return res->group;
}

static struct devres *find_group(struct device *dev, void *id)
{
	struct devres *res;

	list_for_each_entry(res, &dev->kmem_resources, list)
		if (res->group && !res->is_end && (!id || res->group == id))
			return res;
	return NULL;
}

void devres_close_group(struct device *dev, void *id)
{
	struct devres *begin = find_group(dev, id), *end = begin ? new_devres(dev) : NULL;

	if (!WARN_ON(!end)) {
		end->group = begin->group;
		end->is_end = 1;
	}
}

static int end_group(struct device *dev, void *id, int run)
{
	struct devres *begin = find_group(dev, id), *res, *next, *end = NULL;
	int count = 0;

	if (WARN_ON(!begin))
		return 0;
	list_for_each_entry(res, &dev->kmem_resources, list)
		if (res->is_end && res->group == begin->group)
			end = res;
	res = end ? end : list_first_entry(&dev->kmem_resources, struct devres, list);
	for (; res != begin; res = next) {
		next = list_next_entry(res, list);
		if (run && res != end) {
			drop_devres(dev, res, 1);
			count++;
		}
	}
	if (end)
		drop_devres(dev, end, 0);
	drop_devres(dev, begin, 0);
	return count;
}

void devres_remove_group(struct device *dev, void *id)
{
	end_group(dev, id, 0);
}

int devres_release_group(struct device *dev, void *id)
{
	return end_group(dev, id, 1);
}

/* --- memory --- */

static void free_memory(void *p)
{
	kfree(p);
}

void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp)
{
	void *p;

	if (!size)
		return ZERO_SIZE_PTR;
	p = kmalloc(size, gfp);
	return p && devm_add_action_or_reset(dev, free_memory, p) ? NULL : p;
}

void devm_kfree(struct device *dev, const void *p)
{
	struct devres *res;

	if (ZERO_OR_NULL_PTR(p))
		return;
	res = find_action(dev, free_memory, p);
	if (res)
		drop_devres(dev, res, 1);
	else
		kmem_host_misuse("devm_kfree() of memory that is not this device's", p);
}

void *devm_krealloc(struct device *dev, void *ptr, size_t size, gfp_t gfp)
{
	struct devres *res;
	void *p;

	if (!size) {
		devm_kfree(dev, ptr);
		return ZERO_SIZE_PTR;
	}
	if (ZERO_OR_NULL_PTR(ptr))
		return devm_kmalloc(dev, size, gfp);
	res = find_action(dev, free_memory, ptr);
	if (!res) {
		kmem_host_misuse("devm_krealloc() of memory that is not this device's", ptr);
		return NULL;
	}
	p = krealloc(ptr, size, gfp);
	if (p)
		res->data = p;
	return p;
}

char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp)
{
	return s ? devm_kmemdup(dev, s, strlen(s) + 1, gfp) : NULL;
}

const char *devm_kstrdup_const(struct device *dev, const char *s, gfp_t gfp)
{
	return devm_kstrdup(dev, s, gfp);
}

void *devm_kmemdup(struct device *dev, const void *src, size_t len, gfp_t gfp)
{
	void *p = devm_kmalloc(dev, len, gfp);

	return p ? memcpy(p, src, len) : NULL;
}

char *devm_kvasprintf(struct device *dev, gfp_t gfp, const char *fmt, va_list args)
{
	va_list copy;
	char *p;
	int len;

	va_copy(copy, args);
	len = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	p = devm_kmalloc(dev, len + 1, gfp);
	if (p)
		vsnprintf(p, len + 1, fmt, args);
	return p;
}

char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	p = devm_kvasprintf(dev, gfp, fmt, args);
	va_end(args);
	return p;
}

struct devm_pages {
	unsigned long addr;
	unsigned int order;
};

static void release_pages_of(struct device *dev, void *res)
{
	struct devm_pages *pages = res;

	free_pages(pages->addr, pages->order);
}

static int has_address(struct device *dev, void *res, void *addr)
{
	return *(void **)res == addr;
}

unsigned long devm_get_free_pages(struct device *dev, gfp_t gfp, unsigned int order)
{
	struct devm_pages *pages = devres_alloc(release_pages_of, sizeof(*pages), GFP_KERNEL);

	if (!pages)
		return 0;
	pages->order = order;
	pages->addr = __get_free_pages(gfp, order);
	if (!pages->addr) {
		devres_free(pages);
		return 0;
	}
	devres_add(dev, pages);
	return pages->addr;
}

void devm_free_pages(struct device *dev, unsigned long addr)
{
	WARN_ON(devres_release(dev, release_pages_of, has_address, (void *)addr));
}

static void free_percpu_action(void *p)
{
	free_percpu(p);
}

void *kmem_devm_alloc_percpu(struct device *dev, size_t size, size_t align)
{
	void *p = __alloc_percpu(size, align);

	return p && devm_add_action_or_reset(dev, free_percpu_action, p) ? NULL : p;
}

void devm_free_percpu(struct device *dev, void *p)
{
	devm_release_action(dev, free_percpu_action, p);
}

/* --- registers --- */

static void unmap_registers(void *addr)
{
	iounmap((void __iomem *)addr);
}

void __iomem *devm_ioremap(struct device *dev, resource_size_t offset, resource_size_t size)
{
	void __iomem *addr = ioremap(offset, size);

	return addr && devm_add_action_or_reset(dev, unmap_registers, (void *)addr) ? NULL : addr;
}

void devm_iounmap(struct device *dev, void __iomem *addr)
{
	devm_release_action(dev, unmap_registers, (void *)addr);
}

void *devm_memremap(struct device *dev, resource_size_t offset, size_t size, unsigned long flags)
{
	void *addr = (void *)devm_ioremap(dev, offset, size);

	return addr ? addr : ERR_PTR(-ENXIO);
}

static void release_region_action(void *data)
{
	struct resource *res = data;

	kmem_release_region(res->start, resource_size(res), res->flags);
}

struct resource *kmem_devm_request_region(struct device *dev, resource_size_t start, resource_size_t n,
					  const char *name, unsigned long flags)
{
	struct resource *res = kmem_request_region(start, n, name, flags);

	return res && devm_add_action_or_reset(dev, release_region_action, res) ? NULL : res;
}

void kmem_devm_release_region(struct device *dev, resource_size_t start, resource_size_t n, unsigned long flags)
{
	struct resource *res = kmem_region_at(start, n, flags);

	if (res)
		devm_release_action(dev, release_region_action, res);
	else
		kmem_host_misuse("devm_release_region: nobody requested it so", NULL);
}

void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *res)
{
	void __iomem *addr;

	if (!res || resource_type(res) != IORESOURCE_MEM) {
		dev_err(dev, "invalid resource %pR\n", res);
		return IOMEM_ERR_PTR(-EINVAL);
	}
	if (!devm_request_mem_region(dev, res->start, resource_size(res), dev_name(dev))) {
		dev_err(dev, "can't request region for resource %pR\n", res);
		return IOMEM_ERR_PTR(-EBUSY);
	}
	addr = devm_ioremap(dev, res->start, resource_size(res));
	if (!addr) {
		dev_err(dev, "ioremap failed for resource %pR\n", res);
		return IOMEM_ERR_PTR(-ENOMEM);
	}
	return addr;
}

void __iomem *devm_of_iomap(struct device *dev, struct device_node *node, int index, resource_size_t *size)
{
	struct resource res;

	if (of_address_to_resource(node, index, &res))
		return IOMEM_ERR_PTR(-EINVAL);
	if (size)
		*size = resource_size(&res);
	return devm_ioremap_resource(dev, &res);
}

/* --- interrupts --- */

struct devm_irq {
	unsigned int irq;
	void *dev;
};

static void release_irq_of(struct device *dev, void *res)
{
	struct devm_irq *it = res;

	free_irq(it->irq, it->dev);
}

static int is_irq(struct device *dev, void *res, void *data)
{
	struct devm_irq *it = res, *wanted = data;

	return it->irq == wanted->irq && it->dev == wanted->dev;
}

int devm_request_threaded_irq(struct device *dev, unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn,
			      unsigned long flags, const char *name, void *dev_id)
{
	struct devm_irq *it = devres_alloc(release_irq_of, sizeof(*it), GFP_KERNEL);
	int err;

	if (!it)
		return -ENOMEM;
	err = request_threaded_irq(irq, handler, thread_fn, flags, name ? name : dev_name(dev), dev_id);
	if (err) {
		devres_free(it);
		return err;
	}
	it->irq = irq;
	it->dev = dev_id;
	devres_add(dev, it);
	return 0;
}

void devm_free_irq(struct device *dev, unsigned int irq, void *dev_id)
{
	struct devm_irq wanted = { irq, dev_id };

	WARN_ON(devres_release(dev, release_irq_of, is_irq, &wanted));
}

/* --- DMA --- */

struct devm_dma {
	void *cpu;
	size_t size;
	dma_addr_t handle;
};

static void release_dma(struct device *dev, void *res)
{
	struct devm_dma *it = res;

	dma_free_coherent(dev, it->size, it->cpu, it->handle);
}

void *dmam_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp)
{
	struct devm_dma *it = devres_alloc(release_dma, sizeof(*it), gfp);

	if (!it)
		return NULL;
	it->size = size;
	it->cpu = dma_alloc_coherent(dev, size, &it->handle, gfp);
	if (!it->cpu) {
		devres_free(it);
		return NULL;
	}
	*handle = it->handle;
	devres_add(dev, it);
	return it->cpu;
}

void dmam_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t handle)
{
	WARN_ON(devres_release(dev, release_dma, has_address, cpu));
}

static void destroy_pool_action(void *pool)
{
	dma_pool_destroy(pool);
}

struct dma_pool *dmam_pool_create(const char *name, struct device *dev, size_t size, size_t align, size_t allocation)
{
	struct dma_pool *pool = dma_pool_create(name, dev, size, align, allocation);

	return pool && devm_add_action_or_reset(dev, destroy_pool_action, pool) ? NULL : pool;
}

/* --- groups of attributes --- */

struct devm_group {
	const struct attribute_group *group;
};

static void release_group_of(struct device *dev, void *res)
{
	device_remove_group(dev, ((struct devm_group *)res)->group);
}

int devm_device_add_group(struct device *dev, const struct attribute_group *grp)
{
	struct devm_group *it = devres_alloc(release_group_of, sizeof(*it), GFP_KERNEL);
	int err;

	if (!it)
		return -ENOMEM;
	err = device_add_group(dev, grp);
	if (err) {
		devres_free(it);
		return err;
	}
	it->group = grp;
	devres_add(dev, it);
	return 0;
}

int devm_device_add_groups(struct device *dev, const struct attribute_group **groups)
{
	int err = 0;

	for (; !err && groups && *groups; groups++)
		err = devm_device_add_group(dev, *groups);
	return err;
}

#else

/* 2.6.18 has nothing that goes by itself */
void kmem_devres_release(struct device *dev)
{
}

#endif
