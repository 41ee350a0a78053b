// SPDX-License-Identifier: MIT OR Apache-2.0
/* Slabs that are damaged on purpose: what the kernel finds when it looks is counted, as its own tests count it. */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/version.h>
#include "../mm/slab.h"

static struct kunit_resource counter;
static int errors;

/* every byte is told and put right: two of what a kernel counts */
static void around_an_object(struct kunit *test)
{
	struct kmem_cache *cache = kmem_cache_create("damaged_zone", 48, 0, SLAB_RED_ZONE, NULL);
	u8 *p = kmem_cache_alloc(cache, GFP_KERNEL);

	KUNIT_EXPECT_EQ(test, cache->object_size, 48);
	KUNIT_EXPECT_GT(test, cache->size, 48);
	KUNIT_EXPECT_STREQ(test, cache->name, "damaged_zone");
	validate_slab_cache(cache);
	KUNIT_EXPECT_EQ(test, errors, 0);
	p[48] = 1;
	validate_slab_cache(cache);
	KUNIT_EXPECT_EQ(test, errors, 2);
	/* it was put right */
	KUNIT_EXPECT_EQ(test, p[48], 0xcc);
	validate_slab_cache(cache);
	KUNIT_EXPECT_EQ(test, errors, 2);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

static void in_a_free_object(struct kunit *test)
{
	struct kmem_cache *cache = kmem_cache_create("damaged_free", 48, 0, SLAB_POISON, NULL);
	u8 *p = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, p);
	KUNIT_EXPECT_EQ(test, p[7], 0x6b);
	p[7] = 0;
	validate_slab_cache(cache);
	KUNIT_EXPECT_EQ(test, errors, 2);
	KUNIT_EXPECT_EQ(test, p[7], 0x6b);
	kmem_cache_destroy(cache);
}

/* the chain is cut behind the object: it, the count, and the count put right */
static void of_a_chain(struct kunit *test)
{
	struct kmem_cache *cache = kmem_cache_create("damaged_chain", 64, 0, SLAB_POISON, NULL);
	void *a = kmem_cache_alloc(cache, GFP_KERNEL), *b = kmem_cache_alloc(cache, GFP_KERNEL);
	unsigned long *link, was;

	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	link = b + cache->offset;
	was = *link;
	*(u8 *)link ^= 0xff;
	validate_slab_cache(cache);
	KUNIT_EXPECT_EQ(test, errors, 3);
	*link = was;
	validate_slab_cache(cache);
	KUNIT_EXPECT_EQ(test, errors, 5);
	validate_slab_cache(cache);
	KUNIT_EXPECT_EQ(test, errors, 5);
	/* all of it is there again */
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, a, (void *)link - cache->offset);
	kmem_cache_free(cache, a);
	kmem_cache_destroy(cache);
}

/* two objects, and whose they are: 6.12 counts both and the cache, 6.1 the cache */
static void left_behind(struct kunit *test)
{
	struct kmem_cache *cache = kmem_cache_create("damaged_left", 64, 0, SLAB_RED_ZONE, NULL);

	KUNIT_EXPECT_NOT_NULL(test, kmem_cache_alloc(cache, GFP_KERNEL));
	KUNIT_EXPECT_NOT_NULL(test, kmem_cache_alloc(cache, GFP_KERNEL));
	kmem_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, errors, LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0) ? 3 : 1);
}

static int damage_init(struct kunit *test)
{
	errors = 0;
	return kunit_add_named_resource(test, NULL, NULL, &counter, "slab_errors", &errors);
}

/* without the counter it is told as ever */
static void told(struct kunit *test)
{
	struct kmem_cache *cache = kmem_cache_create("damaged_told", 48, 0, SLAB_RED_ZONE, NULL);
	u8 *p = kmem_cache_alloc(cache, GFP_KERNEL);

	kasan_disable_current();
	p[50] = 1;
	kasan_enable_current();
	validate_slab_cache(cache);		/* found here */
	KUNIT_EXPECT_EQ(test, errors, 0);
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
}

static int told_init(struct kunit *test)
{
	errors = 0;
	return 0;
}

static struct kunit_case damage_cases[] = {
	KUNIT_CASE(around_an_object), KUNIT_CASE(in_a_free_object), KUNIT_CASE(of_a_chain), KUNIT_CASE(left_behind), { }
};
static struct kunit_suite damage_suite = { .name = "damage", .init = damage_init, .test_cases = damage_cases };
static struct kunit_case told_cases[] = { KUNIT_CASE(told), { } };
static struct kunit_suite told_suite = { .name = "told", .init = told_init, .test_cases = told_cases };
kunit_test_suites(&damage_suite, &told_suite);
MODULE_LICENSE("Dual MIT/GPL");
