/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Division by a number that stays the same. */
#pragma once
#include <linux/math64.h>
#include <linux/types.h>

/* Granlund and Montgomery: a factor of 2^32 and two shifts */
struct reciprocal_value {
	u32 m;
	u8 sh1, sh2;
};

static inline struct reciprocal_value reciprocal_value(u32 d)
{
	u32 bits = d > 1 ? 32 - __builtin_clz(d - 1) : 0;
	u64 m = div_u64(((1ULL << bits) - d) << 32, d) + 1;

	return (struct reciprocal_value){ .m = m, .sh1 = bits > 0, .sh2 = bits > 1 ? bits - 1 : 0 };
}

static inline u32 reciprocal_divide(u32 a, struct reciprocal_value r)
{
	u32 t = (u64)a * r.m >> 32;

	return (t + ((a - t) >> r.sh1)) >> r.sh2;
}
