/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Division of 64-bit numbers. */
#pragma once
#include <linux/types.h>
#include <linux/math.h>
#include <asm/div64.h>

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline s64 div_s64_rem(s64 dividend, s32 divisor, s32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline u64 div64_u64_rem(u64 dividend, u64 divisor, u64 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static inline s64 div_s64(s64 dividend, s32 divisor)
{
	return dividend / divisor;
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static inline s64 div64_s64(s64 dividend, s64 divisor)
{
	return dividend / divisor;
}

static inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

static inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	u64 low = (u64)(u32)a * mul, high = (a >> 32) * mul;

	return (low >> shift) + (shift <= 32 ? high << (32 - shift) : high >> (shift - 32));
}

#define div64_long(x, y)	div64_s64((x), (y))
#define div64_ul(x, y)		div64_u64((x), (y))
#define DIV64_U64_ROUND_UP(ll, d)	({ u64 __d = (d); div64_u64((ll) + __d - 1, __d); })
#define DIV64_U64_ROUND_CLOSEST(ll, d)	({ u64 __d = (d); div64_u64((ll) + __d / 2, __d); })
#define DIV_U64_ROUND_UP(ll, d)	({ u32 __d = (d); div_u64((ll) + __d - 1, __d); })
#define DIV_U64_ROUND_CLOSEST(ll, d)	({ u32 __d = (d); div_u64((ll) + __d / 2, __d); })
#define DIV_S64_ROUND_CLOSEST(ll, d) ({					\
	s64 __n = (ll);							\
	s32 __d = (d);							\
	(__n > 0) == (__d > 0) ? div_s64(__n + __d / 2, __d) : div_s64(__n - __d / 2, __d); })
