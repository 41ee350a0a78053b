/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a test case holds: memory, actions, stubs, devices, and resources of its own kind. */
#if KMEM_ERA >= 60
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/device.h>
#include "rt.h"

/* resources */

#define SLAB_ERRORS	"slab_errors"

void kmem_kunit_release_resource(struct kref *kref)
{
	struct kunit_resource *res = container_of(kref, struct kunit_resource, refcount);
	bool is_ours = res->should_kfree;

	if (res->free)
		res->free(res);
	if (is_ours)
		kmem_host_rt_free(res);
}

int __kunit_add_resource(struct kunit *test, kunit_resource_init_t init, kunit_resource_free_t free,
			 struct kunit_resource *res, void *data)
{
	int err = 0;

	res->free = free;
	kref_init(&res->refcount);
	if (init)
		err = init(res, data);
	else
		res->data = data;
	if (!err)
		list_add(&res->node, &test->resources);
	return err;
}

int kunit_add_named_resource(struct kunit *test, kunit_resource_init_t init, kunit_resource_free_t free,
			     struct kunit_resource *res, const char *name, void *data)
{
	struct kunit_resource *there;

	if (!name)
		return -EINVAL;
	there = kunit_find_named_resource(test, name);
	if (there) {
		kunit_put_resource(there);
		return -EEXIST;
	}
	res->name = name;
	res->should_kfree = false;
	/* by this name the kernel's slabs find a counter: a test is going to damage them */
	if (!strcmp(name, SLAB_ERRORS))
		kmem_host_slab_errors(data);
	return __kunit_add_resource(test, init, free, res, data);
}

struct kunit_resource *kunit_alloc_and_get_resource(struct kunit *test, kunit_resource_init_t init,
						    kunit_resource_free_t free, gfp_t gfp, void *context)
{
	struct kunit_resource *res = kmem_rt_zalloc(sizeof(*res));

	if (!res)
		return NULL;
	res->should_kfree = true;
	if (__kunit_add_resource(test, init, free, res, context)) {
		kunit_put_resource(res);
		return NULL;
	}
	kunit_get_resource(res);
	return res;
}

struct kunit_resource *kunit_find_resource(struct kunit *test, kunit_resource_match_t match, void *data)
{
	struct kunit_resource *res;

	list_for_each_entry(res, &test->resources, node) {
		if (match(test, res, data)) {
			kunit_get_resource(res);
			return res;
		}
	}
	return NULL;
}

void kunit_remove_resource(struct kunit *test, struct kunit_resource *res)
{
	if (list_empty(&res->node))
		return;
	list_del_init(&res->node);
	if (res->name && !strcmp(res->name, SLAB_ERRORS))
		kmem_host_slab_errors(NULL);
	kunit_put_resource(res);
}

int kunit_destroy_resource(struct kunit *test, kunit_resource_match_t match, void *data)
{
	struct kunit_resource *res = kunit_find_resource(test, match, data);

	if (!res)
		return -ENOENT;
	kunit_remove_resource(test, res);
	kunit_put_resource(res);
	return 0;
}

void kunit_cleanup(struct kunit *test)
{
	while (!list_empty(&test->resources))
		kunit_remove_resource(test, list_first_entry(&test->resources, struct kunit_resource, node));
}

/* actions */

struct kunit_action {
	struct kunit_resource res;
	kunit_action_t *function;
	void *context;
};

static void run_kunit_action(struct kunit_resource *res)
{
	struct kunit_action *action = container_of(res, struct kunit_action, res);

	if (action->function)
		action->function(action->context);
}

int kunit_add_action(struct kunit *test, kunit_action_t *function, void *context)
{
	struct kunit_action *action;

	if (!function)
		return -EINVAL;
	action = kmem_rt_zalloc(sizeof(*action));
	if (!action)
		return -ENOMEM;
	action->function = function;
	action->context = context;
	action->res.should_kfree = true;
	return __kunit_add_resource(test, NULL, run_kunit_action, &action->res, action);
}

int kunit_add_action_or_reset(struct kunit *test, kunit_action_t *function, void *context)
{
	int err = kunit_add_action(test, function, context);

	if (err)
		function(context);
	return err;
}

static struct kunit_action *find_kunit_action(struct kunit *test, kunit_action_t *function, void *context)
{
	struct kunit_resource *res;

	list_for_each_entry(res, &test->resources, node) {
		struct kunit_action *action = container_of(res, struct kunit_action, res);

		if (res->free == run_kunit_action && action->function == function && action->context == context)
			return action;
	}
	return NULL;
}

void kunit_remove_action(struct kunit *test, kunit_action_t *function, void *context)
{
	struct kunit_action *action = find_kunit_action(test, function, context);

	if (!action)
		return;
	action->function = NULL;
	kunit_remove_resource(test, &action->res);
}

void kunit_release_action(struct kunit *test, kunit_action_t *function, void *context)
{
	struct kunit_action *action = find_kunit_action(test, function, context);

	if (action)
		kunit_remove_resource(test, &action->res);
}

/* memory */

static void free_of_case(void *p)
{
	kfree(p);
}

void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	void *p = kmalloc_array(n, size, gfp);

	if (p && kunit_add_action_or_reset(test, free_of_case, p))
		return NULL;
	return p;
}

void kunit_kfree(struct kunit *test, const void *ptr)
{
	if (ptr)
		kunit_release_action(test, free_of_case, (void *)ptr);
}

const char *kunit_kstrdup_const(struct kunit *test, const char *str, gfp_t gfp)
{
	return kunit_kstrdup(test, str, gfp);
}

void kunit_kfree_const(struct kunit *test, const void *ptr)
{
	kunit_kfree(test, ptr);
}

/* stubs: of several for one function the newest counts */

struct stub {
	struct kunit_resource res;
	void *real, *replacement;
};

static void forget_stub(struct kunit_resource *res)
{
}

static struct stub *find_stub(struct kunit *test, void *real)
{
	struct kunit_resource *res;

	list_for_each_entry(res, &test->resources, node) {
		struct stub *stub = container_of(res, struct stub, res);

		if (res->free == forget_stub && stub->real == real)
			return stub;
	}
	return NULL;
}

void *kmem_kunit_stub_of(struct kunit *test, void *real)
{
	struct stub *stub = find_stub(test, real);

	return stub ? stub->replacement : NULL;
}

void kunit_deactivate_static_stub(struct kunit *test, void *real)
{
	struct stub *stub = find_stub(test, real);

	if (stub)
		kunit_remove_resource(test, &stub->res);
}

void __kunit_activate_static_stub(struct kunit *test, void *real, void *replacement)
{
	struct stub *stub;

	kunit_deactivate_static_stub(test, real);
	if (!replacement)
		return;
	stub = kmem_rt_zalloc(sizeof(*stub));
	KUNIT_ASSERT_NOT_NULL(test, stub);
	stub->real = real;
	stub->replacement = replacement;
	stub->res.should_kfree = true;
	__kunit_add_resource(test, NULL, forget_stub, &stub->res, stub);
}

/* devices */

static void free_kunit_device(struct device *dev)
{
	kmem_host_rt_free(dev);
}

static void drop_kunit_device(void *dev)
{
	device_unregister(dev);
}

struct device *kunit_device_register(struct kunit *test, const char *name)
{
	struct device *dev = kmem_rt_zalloc(sizeof(*dev));
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->release = free_kunit_device;
	device_initialize(dev);
	err = dev_set_name(dev, "%s", name);
	if (!err)
		err = device_add(dev);
	if (err) {
		put_device(dev);
		return ERR_PTR(err);
	}
	return kunit_add_action_or_reset(test, drop_kunit_device, dev) ? ERR_PTR(-ENOMEM) : dev;
}

static void drop_kunit_driver(void *driver)
{
	kmem_host_rt_free(driver);
}

struct device_driver *kunit_driver_create(struct kunit *test, const char *name)
{
	struct device_driver *driver = kmem_rt_zalloc(sizeof(*driver));

	if (!driver)
		return ERR_PTR(-ENOMEM);
	driver->name = name;
	return kunit_add_action_or_reset(test, drop_kunit_driver, driver) ? ERR_PTR(-ENOMEM) : driver;
}

struct device *kunit_device_register_with_driver(struct kunit *test, const char *name,
						 const struct device_driver *driver)
{
	struct device *dev = kunit_device_register(test, name);

	if (!IS_ERR(dev))
		dev->driver = (struct device_driver *)driver;
	return dev;
}

void kunit_device_unregister(struct kunit *test, struct device *dev)
{
	kunit_release_action(test, drop_kunit_device, dev);
}
#endif
