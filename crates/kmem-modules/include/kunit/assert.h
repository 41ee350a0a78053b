/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Expectations and assertions: what they compare, and what they say when it is not so. */
#pragma once
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/printk.h>
#include <linux/string.h>

struct kunit;

enum kunit_assert_type {
	KUNIT_ASSERTION,
	KUNIT_EXPECTATION,
};

struct kunit_loc {
	int line;
	const char *file;
};

#define KUNIT_CURRENT_LOC	{ .line = __LINE__, .file = __FILE__ }

/* Each says what failed; after an assertion they do not return. `fmt` may be NULL. */
#define __kmem_kunit_where	struct kunit *test, const char *file, int line, enum kunit_assert_type type
__printf(5, 6) void kmem_kunit_fail(__kmem_kunit_where, const char *fmt, ...);
__printf(7, 8) void kmem_kunit_fail_unary(__kmem_kunit_where, const char *text, int wanted, const char *fmt, ...);
__printf(7, 8) void kmem_kunit_fail_pointer(__kmem_kunit_where, const char *text, const void *value,
					    const char *fmt, ...);
__printf(10, 11) void kmem_kunit_fail_numbers(__kmem_kunit_where, const char *left, const char *op,
					      const char *right, long long l, long long r, const char *fmt, ...);
__printf(10, 11) void kmem_kunit_fail_pointers(__kmem_kunit_where, const char *left, const char *op,
					       const char *right, const void *l, const void *r, const char *fmt, ...);
__printf(10, 11) void kmem_kunit_fail_strings(__kmem_kunit_where, const char *left, const char *op,
					      const char *right, const char *l, const char *r, const char *fmt, ...);
__printf(11, 12) void kmem_kunit_fail_memory(__kmem_kunit_where, const char *left, const char *op, const char *right,
					     const void *l, const void *r, size_t size, const char *fmt, ...);

#define __KUNIT_SAVE_LOC(test)	((test)->last_seen = (struct kunit_loc)KUNIT_CURRENT_LOC)
#define KUNIT_SUCCEED(test)	__KUNIT_SAVE_LOC(test)
#define KUNIT_FAIL_ASSERTION(test, type, fmt, args...) do {		\
	__KUNIT_SAVE_LOC(test);						\
	kmem_kunit_fail(test, __FILE__, __LINE__, type, fmt, ##args);	\
} while (0)
#define KUNIT_FAIL(test, fmt, args...)	KUNIT_FAIL_ASSERTION(test, KUNIT_EXPECTATION, fmt, ##args)
#define KUNIT_FAIL_AND_ABORT(test, fmt, args...)	KUNIT_FAIL_ASSERTION(test, KUNIT_ASSERTION, fmt, ##args)

#define __kmem_kunit_unary(test, type, condition, wanted, fmt, args...) do {	\
	__KUNIT_SAVE_LOC(test);						\
	if (unlikely(((condition) ? 1 : 0) != (wanted)))			\
		kmem_kunit_fail_unary(test, __FILE__, __LINE__, type, #condition, wanted, fmt, ##args); \
} while (0)
#define __kmem_kunit_pointer(test, type, ptr, fmt, args...) do {	\
	const __typeof__(ptr) __ptr = (ptr);				\
	__KUNIT_SAVE_LOC(test);						\
	if (unlikely(IS_ERR_OR_NULL(__ptr)))				\
		kmem_kunit_fail_pointer(test, __FILE__, __LINE__, type, #ptr, __ptr, fmt, ##args); \
} while (0)
#define __kmem_kunit_binary(test, type, how, kind, left, op, right, fmt, args...) do {	\
	const __typeof__(left) __left = (left);				\
	const __typeof__(right) __right = (right);			\
	__KUNIT_SAVE_LOC(test);						\
	if (unlikely(!(__left op __right)))				\
		how(test, __FILE__, __LINE__, type, #left, #op, #right,	\
		    (kind)__left, (kind)__right, fmt, ##args);		\
} while (0)
#define __kmem_kunit_numbers(test, type, left, op, right, fmt, args...)	\
	__kmem_kunit_binary(test, type, kmem_kunit_fail_numbers, long long, left, op, right, fmt, ##args)
#define __kmem_kunit_pointers(test, type, left, op, right, fmt, args...)	\
	__kmem_kunit_binary(test, type, kmem_kunit_fail_pointers, const void *, left, op, right, fmt, ##args)
#define __kmem_kunit_strings(test, type, left, op, right, fmt, args...) do {	\
	const char *__left = (left);					\
	const char *__right = (right);					\
	__KUNIT_SAVE_LOC(test);						\
	if (unlikely(!__left || !__right || !(strcmp(__left, __right) op 0)))	\
		kmem_kunit_fail_strings(test, __FILE__, __LINE__, type, #left, #op, #right,	\
					__left, __right, fmt, ##args);	\
} while (0)
#define __kmem_kunit_memory(test, type, left, op, right, size, fmt, args...) do {	\
	const void *__left = (left);					\
	const void *__right = (right);					\
	const size_t __size = (size);					\
	__KUNIT_SAVE_LOC(test);						\
	if (unlikely(!__left || !__right || !(memcmp(__left, __right, __size) op 0)))	\
		kmem_kunit_fail_memory(test, __FILE__, __LINE__, type, #left, #op, #right,	\
				       __left, __right, __size, fmt, ##args);	\
} while (0)

#define KUNIT_EXPECT_TRUE_MSG(test, condition, fmt, args...)	\
	__kmem_kunit_unary(test, KUNIT_EXPECTATION, condition, 1, fmt, ##args)
#define KUNIT_EXPECT_TRUE(test, condition)	KUNIT_EXPECT_TRUE_MSG(test, condition, NULL)
#define KUNIT_ASSERT_TRUE_MSG(test, condition, fmt, args...)	\
	__kmem_kunit_unary(test, KUNIT_ASSERTION, condition, 1, fmt, ##args)
#define KUNIT_ASSERT_TRUE(test, condition)	KUNIT_ASSERT_TRUE_MSG(test, condition, NULL)
#define KUNIT_EXPECT_FALSE_MSG(test, condition, fmt, args...)	\
	__kmem_kunit_unary(test, KUNIT_EXPECTATION, condition, 0, fmt, ##args)
#define KUNIT_EXPECT_FALSE(test, condition)	KUNIT_EXPECT_FALSE_MSG(test, condition, NULL)
#define KUNIT_ASSERT_FALSE_MSG(test, condition, fmt, args...)	\
	__kmem_kunit_unary(test, KUNIT_ASSERTION, condition, 0, fmt, ##args)
#define KUNIT_ASSERT_FALSE(test, condition)	KUNIT_ASSERT_FALSE_MSG(test, condition, NULL)
#define KUNIT_EXPECT_EQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_EXPECTATION, left, ==, right, fmt, ##args)
#define KUNIT_EXPECT_EQ(test, left, right)	KUNIT_EXPECT_EQ_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_EQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_ASSERTION, left, ==, right, fmt, ##args)
#define KUNIT_ASSERT_EQ(test, left, right)	KUNIT_ASSERT_EQ_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_NE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_EXPECTATION, left, !=, right, fmt, ##args)
#define KUNIT_EXPECT_NE(test, left, right)	KUNIT_EXPECT_NE_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_NE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_ASSERTION, left, !=, right, fmt, ##args)
#define KUNIT_ASSERT_NE(test, left, right)	KUNIT_ASSERT_NE_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_LT_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_EXPECTATION, left, <, right, fmt, ##args)
#define KUNIT_EXPECT_LT(test, left, right)	KUNIT_EXPECT_LT_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_LT_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_ASSERTION, left, <, right, fmt, ##args)
#define KUNIT_ASSERT_LT(test, left, right)	KUNIT_ASSERT_LT_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_LE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_EXPECTATION, left, <=, right, fmt, ##args)
#define KUNIT_EXPECT_LE(test, left, right)	KUNIT_EXPECT_LE_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_LE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_ASSERTION, left, <=, right, fmt, ##args)
#define KUNIT_ASSERT_LE(test, left, right)	KUNIT_ASSERT_LE_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_GT_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_EXPECTATION, left, >, right, fmt, ##args)
#define KUNIT_EXPECT_GT(test, left, right)	KUNIT_EXPECT_GT_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_GT_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_ASSERTION, left, >, right, fmt, ##args)
#define KUNIT_ASSERT_GT(test, left, right)	KUNIT_ASSERT_GT_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_GE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_EXPECTATION, left, >=, right, fmt, ##args)
#define KUNIT_EXPECT_GE(test, left, right)	KUNIT_EXPECT_GE_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_GE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_numbers(test, KUNIT_ASSERTION, left, >=, right, fmt, ##args)
#define KUNIT_ASSERT_GE(test, left, right)	KUNIT_ASSERT_GE_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_PTR_EQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_EXPECTATION, left, ==, right, fmt, ##args)
#define KUNIT_EXPECT_PTR_EQ(test, left, right)	KUNIT_EXPECT_PTR_EQ_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_PTR_EQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_ASSERTION, left, ==, right, fmt, ##args)
#define KUNIT_ASSERT_PTR_EQ(test, left, right)	KUNIT_ASSERT_PTR_EQ_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_PTR_NE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_EXPECTATION, left, !=, right, fmt, ##args)
#define KUNIT_EXPECT_PTR_NE(test, left, right)	KUNIT_EXPECT_PTR_NE_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_PTR_NE_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_ASSERTION, left, !=, right, fmt, ##args)
#define KUNIT_ASSERT_PTR_NE(test, left, right)	KUNIT_ASSERT_PTR_NE_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_NULL_MSG(test, ptr, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_EXPECTATION, ptr, ==, NULL, fmt, ##args)
#define KUNIT_EXPECT_NULL(test, ptr)	KUNIT_EXPECT_NULL_MSG(test, ptr, NULL)
#define KUNIT_ASSERT_NULL_MSG(test, ptr, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_ASSERTION, ptr, ==, NULL, fmt, ##args)
#define KUNIT_ASSERT_NULL(test, ptr)	KUNIT_ASSERT_NULL_MSG(test, ptr, NULL)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, ptr, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_EXPECTATION, ptr, !=, NULL, fmt, ##args)
#define KUNIT_EXPECT_NOT_NULL(test, ptr)	KUNIT_EXPECT_NOT_NULL_MSG(test, ptr, NULL)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, ptr, fmt, args...)	\
	__kmem_kunit_pointers(test, KUNIT_ASSERTION, ptr, !=, NULL, fmt, ##args)
#define KUNIT_ASSERT_NOT_NULL(test, ptr)	KUNIT_ASSERT_NOT_NULL_MSG(test, ptr, NULL)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL_MSG(test, ptr, fmt, args...)	\
	__kmem_kunit_pointer(test, KUNIT_EXPECTATION, ptr, fmt, ##args)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL(test, ptr)	KUNIT_EXPECT_NOT_ERR_OR_NULL_MSG(test, ptr, NULL)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, ptr, fmt, args...)	\
	__kmem_kunit_pointer(test, KUNIT_ASSERTION, ptr, fmt, ##args)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ptr)	KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, ptr, NULL)
#define KUNIT_EXPECT_STREQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_strings(test, KUNIT_EXPECTATION, left, ==, right, fmt, ##args)
#define KUNIT_EXPECT_STREQ(test, left, right)	KUNIT_EXPECT_STREQ_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_STREQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_strings(test, KUNIT_ASSERTION, left, ==, right, fmt, ##args)
#define KUNIT_ASSERT_STREQ(test, left, right)	KUNIT_ASSERT_STREQ_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_STRNEQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_strings(test, KUNIT_EXPECTATION, left, !=, right, fmt, ##args)
#define KUNIT_EXPECT_STRNEQ(test, left, right)	KUNIT_EXPECT_STRNEQ_MSG(test, left, right, NULL)
#define KUNIT_ASSERT_STRNEQ_MSG(test, left, right, fmt, args...)	\
	__kmem_kunit_strings(test, KUNIT_ASSERTION, left, !=, right, fmt, ##args)
#define KUNIT_ASSERT_STRNEQ(test, left, right)	KUNIT_ASSERT_STRNEQ_MSG(test, left, right, NULL)
#define KUNIT_EXPECT_MEMEQ_MSG(test, left, right, size, fmt, args...)	\
	__kmem_kunit_memory(test, KUNIT_EXPECTATION, left, ==, right, size, fmt, ##args)
#define KUNIT_EXPECT_MEMEQ(test, left, right, size)	KUNIT_EXPECT_MEMEQ_MSG(test, left, right, size, NULL)
#define KUNIT_ASSERT_MEMEQ_MSG(test, left, right, size, fmt, args...)	\
	__kmem_kunit_memory(test, KUNIT_ASSERTION, left, ==, right, size, fmt, ##args)
#define KUNIT_ASSERT_MEMEQ(test, left, right, size)	KUNIT_ASSERT_MEMEQ_MSG(test, left, right, size, NULL)
#define KUNIT_EXPECT_MEMNEQ_MSG(test, left, right, size, fmt, args...)	\
	__kmem_kunit_memory(test, KUNIT_EXPECTATION, left, !=, right, size, fmt, ##args)
#define KUNIT_EXPECT_MEMNEQ(test, left, right, size)	KUNIT_EXPECT_MEMNEQ_MSG(test, left, right, size, NULL)
#define KUNIT_ASSERT_MEMNEQ_MSG(test, left, right, size, fmt, args...)	\
	__kmem_kunit_memory(test, KUNIT_ASSERTION, left, !=, right, size, fmt, ##args)
#define KUNIT_ASSERT_MEMNEQ(test, left, right, size)	KUNIT_ASSERT_MEMNEQ_MSG(test, left, right, size, NULL)
