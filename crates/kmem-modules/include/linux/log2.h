/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Logarithms and powers of two. */
#pragma once
#include <linux/types.h>
#include <linux/bitops.h>

static __always_inline int __ilog2_u32(u32 n)
{
	return fls(n) - 1;
}

static __always_inline int __ilog2_u64(u64 n)
{
	return fls64(n) - 1;
}

#define const_ilog2(n)	\
	((n) < 2 ? 0 : 63 - __builtin_clzll((unsigned long long)(n) | 1))
#define ilog2(n)							\
	(__builtin_constant_p(n) ? const_ilog2(n) :			\
	 sizeof(n) <= 4 ? __ilog2_u32(n) : __ilog2_u64(n))
#define long_log2(n)	ilog2(n)

static __always_inline int is_power_of_2(unsigned long n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static __always_inline unsigned long __roundup_pow_of_two(unsigned long n)
{
	return 1UL << fls_long(n - 1);
}

static __always_inline unsigned long __rounddown_pow_of_two(unsigned long n)
{
	return 1UL << (fls_long(n) - 1);
}

#define roundup_pow_of_two(n)						\
	(__builtin_constant_p(n) ?					\
	 ((n) == 1 ? 1 : 1UL << (const_ilog2((n) - 1) + 1)) : __roundup_pow_of_two(n))
#define rounddown_pow_of_two(n)						\
	(__builtin_constant_p(n) ? 1UL << const_ilog2(n) : __rounddown_pow_of_two(n))

static __always_inline int __order_base_2(unsigned long n)
{
	return n > 1 ? fls_long(n - 1) : 0;
}

#define order_base_2(n)							\
	(__builtin_constant_p(n) ?					\
	 ((n) < 2 ? 0 : const_ilog2((n) - 1) + 1) : __order_base_2(n))

static __always_inline int __bits_per(unsigned long n)
{
	return n < 2 ? 1 : fls_long(n);
}

#define bits_per(n)	\
	(__builtin_constant_p(n) ? ((n) < 2 ? 1 : const_ilog2(n) + 1) : __bits_per(n))

/* log2.h of 5.x and later has it: 2 to the power of order_base_2 and the rest */
static __always_inline unsigned int max_pow_of_two_factor(unsigned int n)
{
	return n & -n;
}
