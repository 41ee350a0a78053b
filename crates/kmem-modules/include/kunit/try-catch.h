/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Code that may be left in its middle: who throws comes out behind the try, and the catch runs. */
#pragma once
#include <linux/compiler.h>

typedef void (*kunit_try_catch_func_t)(void *context);

struct completion;
struct kunit;

struct kunit_try_catch {
	struct kunit *test;
	int try_result;
	kunit_try_catch_func_t try;
	kunit_try_catch_func_t catch;
	unsigned long timeout;
	void *context;
	void *kmem_way_out[5];	/* where a throw leads */
};

void kunit_try_catch_init(struct kunit_try_catch *try_catch, struct kunit *test,
			  kunit_try_catch_func_t try, kunit_try_catch_func_t catch);
void kunit_try_catch_run(struct kunit_try_catch *try_catch, void *context);
void __noreturn kunit_try_catch_throw(struct kunit_try_catch *try_catch);

static inline int kunit_try_catch_get_result(struct kunit_try_catch *try_catch)
{
	return try_catch->try_result;
}
