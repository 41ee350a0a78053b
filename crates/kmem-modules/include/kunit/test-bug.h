/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The test that runs just now, for code that is tested. */
#pragma once
#include <linux/compiler.h>
#include <asm/current.h>
#include <linux/sched.h>

struct kunit;

static inline struct kunit *kunit_get_current_test(void)
{
	return current->kunit_test;
}

__printf(3, 4) void __kunit_fail_current_test(const char *file, int line, const char *fmt, ...);
#define kunit_fail_current_test(fmt, args...)	\
	__kunit_fail_current_test(__FILE__, __LINE__, fmt, ##args)
