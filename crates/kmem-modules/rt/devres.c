/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is given back by itself when a device goes: the last thing first. */
#if KMEM_ERA >= 60
#include <linux/device.h>
#include <linux/slab.h>
#include "rt.h"

struct devres {
	struct list_head list;
	struct device *dev;
	void (*action)(void *);
	void *data;
};

static LIST_HEAD(resources);

int devm_add_action(struct device *dev, void (*action)(void *), void *data)
{
	struct devres *res = kmem_rt_zalloc(sizeof(*res));

	if (!res)
		return -ENOMEM;
	res->dev = dev;
	res->action = action;
	res->data = data;
	list_add(&res->list, &resources);
	return 0;
}

int devm_add_action_or_reset(struct device *dev, void (*action)(void *), void *data)
{
	int err = devm_add_action(dev, action, data);

	if (err)
		action(data);
	return err;
}

static void take(struct devres *res, int run)
{
	list_del(&res->list);
	if (run)
		res->action(res->data);
	kmem_host_rt_free(res);
}

static struct devres *find(struct device *dev, void (*action)(void *), void *data)
{
	struct devres *res;

	list_for_each_entry(res, &resources, list)
		if (res->dev == dev && (!action || (res->action == action && res->data == data)))
			return res;
	return NULL;
}

void devm_remove_action(struct device *dev, void (*action)(void *), void *data)
{
	struct devres *res = find(dev, action, data);

	if (!WARN_ON(!res))
		take(res, 0);
}

void kmem_devres_release(struct device *dev)
{
	struct devres *res;

	while ((res = find(dev, NULL, NULL)) != NULL)
		take(res, 1);
}

static void free_memory(void *p)
{
	kfree(p);
}

void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	return p && devm_add_action_or_reset(dev, free_memory, p) ? NULL : p;
}

void devm_kfree(struct device *dev, const void *p)
{
	struct devres *res = find(dev, free_memory, (void *)p);

	if (!WARN_ON(!res))
		take(res, 1);
}
#endif
