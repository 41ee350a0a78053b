/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Small arithmetic. */
#pragma once
#include <linux/types.h>

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define roundup(x, y) ({				\
	__typeof__(y) __to = (y);			\
	(((x) + (__to - 1)) / __to) * __to; })

#define abs(x)	__builtin_choose_expr(sizeof(x) == sizeof(s64),		\
	({ s64 __v = (x); __v < 0 ? -__v : __v; }),			\
	({ long __v = (x); __v < 0 ? -__v : __v; }))

#if KMEM_ERA >= 60
#define __KERNEL_DIV_ROUND_UP(n, d)	DIV_ROUND_UP(n, d)
#define __round_mask(x, y)	((__typeof__(x))((y) - 1))
#define round_up(x, y)	((((x) - 1) | __round_mask(x, y)) + 1)
#define round_down(x, y)	((x) & ~__round_mask(x, y))
#define rounddown(x, y) ({				\
	__typeof__(x) __from = (x);			\
	__from - (__from % (y)); })
#define DIV_ROUND_DOWN_ULL(ll, d)	div_u64(ll, d)
#define DIV_ROUND_UP_ULL(ll, d)	DIV_ROUND_DOWN_ULL((unsigned long long)(ll) + (d) - 1, (d))
#define DIV_ROUND_UP_SECTOR_T(ll, d)	DIV_ROUND_UP_ULL(ll, d)
#define DIV_ROUND_CLOSEST(x, divisor) ({				\
	__typeof__(x) __num = (x);					\
	__typeof__(divisor) __den = (divisor);				\
	(((__typeof__(x))-1) > 0 || ((__typeof__(divisor))-1) > 0 ||	\
	 ((__num > 0) == (__den > 0))) ?				\
		(__num + __den / 2) / __den : (__num - __den / 2) / __den; })
#define DIV_ROUND_CLOSEST_ULL(x, divisor) ({				\
	unsigned long long __sum = (x) + (divisor) / 2;			\
	div_u64(__sum, divisor); })
#define mult_frac(x, n, d) ({						\
	__typeof__(x) __whole = (x) / (d), __part = (x) % (d);		\
	__whole * (n) + (__part * (n)) / (d); })
#define abs_diff(a, b) ({						\
	__typeof__(a) __a = (a);					\
	__typeof__(b) __b = (b);					\
	__a > __b ? (__a - __b) : (__b - __a); })

static inline u32 reciprocal_scale(u32 val, u32 ep_ro)
{
	return (u32)(((u64)val * ep_ro) >> 32);
}

u64 int_pow(u64 base, unsigned int exp);
unsigned long int_sqrt(unsigned long x);
u32 int_sqrt64(u64 x);
#endif
