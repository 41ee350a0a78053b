/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a test case holds and gives back by itself when it ends: the newest first. */
#pragma once
#include <kunit/test.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/slab.h>

struct kunit_resource;
typedef int (*kunit_resource_init_t)(struct kunit_resource *res, void *context);
typedef void (*kunit_resource_free_t)(struct kunit_resource *res);
typedef bool (*kunit_resource_match_t)(struct kunit *test, struct kunit_resource *res, void *data);
typedef void (kunit_action_t)(void *context);

struct kunit_resource {
	void *data;
	const char *name;
	kunit_resource_free_t free;
	struct kref refcount;
	struct list_head node;
	bool should_kfree;
};

int __kunit_add_resource(struct kunit *test, kunit_resource_init_t init, kunit_resource_free_t free,
			 struct kunit_resource *res, void *data);
int kunit_add_named_resource(struct kunit *test, kunit_resource_init_t init, kunit_resource_free_t free,
			     struct kunit_resource *res, const char *name, void *data);
struct kunit_resource *kunit_alloc_and_get_resource(struct kunit *test, kunit_resource_init_t init,
						    kunit_resource_free_t free, gfp_t gfp, void *context);
struct kunit_resource *kunit_find_resource(struct kunit *test, kunit_resource_match_t match, void *data);
void kunit_remove_resource(struct kunit *test, struct kunit_resource *res);
int kunit_destroy_resource(struct kunit *test, kunit_resource_match_t match, void *data);
void kmem_kunit_release_resource(struct kref *kref);

static inline int kunit_add_resource(struct kunit *test, kunit_resource_init_t init, kunit_resource_free_t free,
				     struct kunit_resource *res, void *data)
{
	res->name = NULL;
	res->should_kfree = false;
	return __kunit_add_resource(test, init, free, res, data);
}

static inline void kunit_get_resource(struct kunit_resource *res)
{
	kref_get(&res->refcount);
}

static inline void kunit_put_resource(struct kunit_resource *res)
{
	kref_put(&res->refcount, kmem_kunit_release_resource);
}

static inline void *kunit_alloc_resource(struct kunit *test, kunit_resource_init_t init,
					 kunit_resource_free_t free, gfp_t gfp, void *context)
{
	struct kunit_resource *res = kunit_alloc_and_get_resource(test, init, free, gfp, context);

	if (!res)
		return NULL;
	kunit_put_resource(res);
	return res->data;
}

static inline bool kunit_resource_instance_match(struct kunit *test, struct kunit_resource *res, void *data)
{
	return res->data == data;
}

static inline bool kunit_resource_name_match(struct kunit *test, struct kunit_resource *res, void *name)
{
	return res->name && !strcmp(res->name, name);
}

static inline struct kunit_resource *kunit_find_named_resource(struct kunit *test, const char *name)
{
	return kunit_find_resource(test, kunit_resource_name_match, (void *)name);
}

static inline int kunit_destroy_named_resource(struct kunit *test, const char *name)
{
	return kunit_destroy_resource(test, kunit_resource_name_match, (void *)name);
}

/* a function to call when the case ends */
int __must_check kunit_add_action(struct kunit *test, kunit_action_t *action, void *context);
int __must_check kunit_add_action_or_reset(struct kunit *test, kunit_action_t *action, void *context);
void kunit_remove_action(struct kunit *test, kunit_action_t *action, void *context);
void kunit_release_action(struct kunit *test, kunit_action_t *action, void *context);

#define KUNIT_DEFINE_ACTION_WRAPPER(wrapper, function, type)	\
	static void wrapper(void *context) { function((type)context); }
