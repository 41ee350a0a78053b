/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Division by a number that stays the same. */
#pragma once
#include <linux/types.h>

struct reciprocal_value {
	u32 kmem_divisor;
};

static inline struct reciprocal_value reciprocal_value(u32 d)
{
	return (struct reciprocal_value){ d };
}

static inline u32 reciprocal_divide(u32 a, struct reciprocal_value r)
{
	return a / r.kmem_divisor;
}
