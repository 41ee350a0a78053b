/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A function that a test may put another in the place of, as long as the test runs. */
#pragma once
#include <kunit/test.h>
#include <kunit/test-bug.h>

void *kmem_kunit_stub_of(struct kunit *test, void *real);
void __kunit_activate_static_stub(struct kunit *test, void *real, void *replacement);
void kunit_deactivate_static_stub(struct kunit *test, void *real);

#define KUNIT_STATIC_STUB_REDIRECT(real, args...) do {			\
	struct kunit *__test = kunit_get_current_test();		\
	__typeof__(&real) __stub = __test ?				\
		(__typeof__(&real))kmem_kunit_stub_of(__test, &real) : NULL; \
	if (unlikely(__stub))						\
		return __stub(args);					\
} while (0)

#define kunit_activate_static_stub(test, real, replacement) do {	\
	(void)typecheck_fn(__typeof__(&replacement), real);		\
	__kunit_activate_static_stub(test, real, replacement);		\
} while (0)
