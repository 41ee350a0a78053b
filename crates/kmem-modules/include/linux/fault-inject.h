/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kernel's own ways to make calls fail: `kmem run --fail` does it from outside. */
#pragma once
#include <linux/types.h>

struct fault_attr {
	unsigned long probability;
};

#define FAULT_ATTR_INITIALIZER	{ 0 }
#define DECLARE_FAULT_ATTR(name)	struct fault_attr name = FAULT_ATTR_INITIALIZER

static inline bool should_fail(struct fault_attr *attr, ssize_t size)
{
	return false;
}
#define should_failslab(cache, gfp)	0
#define should_fail_alloc_page(gfp, order)	false
#define setup_fault_attr(attr, str)	0
