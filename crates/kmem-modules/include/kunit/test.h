/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * KUnit: suites of test cases inside a module.  They run when the module's init has returned, and their results go to
 * the log as KTAP lines.  A failed assertion ends its case, a failed expectation does not.
 */
#pragma once
#if KMEM_ERA < 60
#error kunit/test.h came after 2.6.18
#endif
#include <kunit/assert.h>
#include <kunit/try-catch.h>
#include <linux/args.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/jump_label.h>
#include <linux/kconfig.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/rwonce.h>

#define KUNIT_LOG_SIZE	2048
#define KUNIT_PARAM_DESC_SIZE	128
#define KUNIT_STATUS_COMMENT_SIZE	256
#define KUNIT_SUBTEST_INDENT		"    "
#define KUNIT_SUBSUBTEST_INDENT		"        "

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE,
	KUNIT_SKIPPED,
};

enum kunit_speed {
	KUNIT_SPEED_UNSET,
	KUNIT_SPEED_VERY_SLOW,
	KUNIT_SPEED_SLOW,
	KUNIT_SPEED_NORMAL,
	KUNIT_SPEED_MAX = KUNIT_SPEED_NORMAL,
};

struct kunit_attributes {
	enum kunit_speed speed;
};

struct kunit;
struct string_stream;

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
	struct kunit_attributes attr;
	/* the runner's */
	enum kunit_status status;
	char *module_name;
	struct string_stream *log;
};

struct kunit_suite {
	const char name[256];
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
	struct kunit_attributes attr;
	/* the runner's */
	char status_comment[KUNIT_STATUS_COMMENT_SIZE];
	struct dentry *debugfs;
	struct string_stream *log;
	int suite_init_err;
	bool is_init;
};

/* a case that runs */
struct kunit {
	void *priv;
	const char *name;
	struct string_stream *log;
	struct kunit_try_catch try_catch;
	const void *param_value;
	int param_index;
	spinlock_t lock;
	enum kunit_status status;
	struct list_head resources;	/* the newest first */
	char status_comment[KUNIT_STATUS_COMMENT_SIZE];
	struct kunit_loc last_seen;
};

#define KUNIT_CASE(function)	{ .run_case = function, .name = #function }
#define KUNIT_CASE_ATTR(function, attributes)	\
	{ .run_case = function, .name = #function, .attr = attributes }
#define KUNIT_CASE_SLOW(function)	\
	{ .run_case = function, .name = #function, .attr.speed = KUNIT_SPEED_SLOW }
#define KUNIT_CASE_PARAM(function, generator)	\
	{ .run_case = function, .name = #function, .generate_params = generator }
#define KUNIT_CASE_PARAM_ATTR(function, generator, attributes)	\
	{ .run_case = function, .name = #function, .generate_params = generator, .attr = attributes }

#define __kmem_kunit_suites(section, id, suites...)			\
	static struct kunit_suite *id[] __used __section(section)	\
	__aligned(sizeof(void *)) = { suites }
#define kunit_test_suites(suites...)	\
	__kmem_kunit_suites(".kunit_test_suites", __UNIQUE_ID(kunit_suites), suites)
#define kunit_test_suite(suite)	kunit_test_suites(&suite)
#define kunit_test_init_section_suites(suites...)	\
	__kmem_kunit_suites(".kunit_init_test_suites", __UNIQUE_ID(kunit_suites), suites)
#define kunit_test_init_section_suite(suite)	kunit_test_init_section_suites(&suite)

#define kunit_suite_for_each_test_case(suite, test_case)	\
	for (test_case = (suite)->test_cases; test_case->run_case; test_case++)

/* the elements of an array one after the other; what the second function writes, or a member, describes them */
#define KUNIT_ARRAY_PARAM(name, array, get_desc)			\
	static const void *name##_gen_params(const void *prev, char *desc)	\
	{								\
		__typeof__(&(array)[0]) at = (array);			\
		void (*describe)(__typeof__(at), char *) = get_desc;	\
									\
		if (prev)						\
			at = (__typeof__(at))prev + 1;			\
		if (at >= &(array)[ARRAY_SIZE(array)])			\
			return NULL;					\
		if (describe)						\
			describe(at, desc);				\
		return at;						\
	}
#define KUNIT_ARRAY_PARAM_DESC(name, array, member)			\
	static const void *name##_gen_params(const void *prev, char *desc)	\
	{								\
		__typeof__(&(array)[0]) at = (array);			\
									\
		if (prev)						\
			at = (__typeof__(at))prev + 1;			\
		if (at >= &(array)[ARRAY_SIZE(array)])			\
			return NULL;					\
		strscpy(desc, at->member, KUNIT_PARAM_DESC_SIZE);	\
		return at;						\
	}

static inline const char *kunit_status_to_ok_not_ok(enum kunit_status status)
{
	return status == KUNIT_FAILURE ? "not ok" : "ok";
}

static inline void kunit_set_failure(struct kunit *test)
{
	WRITE_ONCE(test->status, KUNIT_FAILURE);
}

static inline bool kunit_enabled(void)
{
	return true;
}

/* what a case allocates and does not free goes when it ends */
void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp);
void kunit_kfree(struct kunit *test, const void *ptr);
void kunit_kfree_const(struct kunit *test, const void *ptr);
const char *kunit_kstrdup_const(struct kunit *test, const char *str, gfp_t gfp);
void kunit_cleanup(struct kunit *test);
/* a case for tests of tests: it does not run */
void kunit_init_test(struct kunit *test, const char *name, struct string_stream *log);

static inline void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, 1, size, gfp);
}

static inline void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, 1, size, gfp | __GFP_ZERO);
}

static inline void *kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, n, size, gfp | __GFP_ZERO);
}

static inline char *kunit_kstrdup(struct kunit *test, const char *str, gfp_t gfp)
{
	size_t size = str ? strlen(str) + 1 : 0;
	char *copy = str ? kunit_kmalloc(test, size, gfp) : NULL;

	return copy ? memcpy(copy, str, size) : NULL;
}

#define kunit_log(level, test_or_suite, fmt, args...)	\
	do { (void)(test_or_suite); printk(level fmt, ##args); } while (0)
#define kunit_printk(level, test, fmt, args...)	\
	kunit_log(level, test, KUNIT_SUBTEST_INDENT "# %s: " fmt, (test)->name, ##args)
#define kunit_info(test, fmt, args...)	kunit_printk(KERN_INFO, test, fmt, ##args)
#define kunit_warn(test, fmt, args...)	kunit_printk(KERN_WARNING, test, fmt, ##args)
#define kunit_err(test, fmt, args...)	kunit_printk(KERN_ERR, test, fmt, ##args)

#define kunit_mark_skipped(test, fmt, args...) do {			\
	WRITE_ONCE((test)->status, KUNIT_SKIPPED);			\
	scnprintf((test)->status_comment, KUNIT_STATUS_COMMENT_SIZE, fmt, ##args); \
} while (0)
#define kunit_skip(test, fmt, args...) do {				\
	kunit_mark_skipped(test, fmt, ##args);				\
	kunit_try_catch_throw(&(test)->try_catch);			\
} while (0)

void __noreturn __kunit_abort(struct kunit *test);

#include <kunit/resource.h>
#include <kunit/test-bug.h>
