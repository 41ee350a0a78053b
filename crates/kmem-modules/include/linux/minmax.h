/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The smaller, the larger, and the two exchanged. */
#pragma once
#include <linux/compiler.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#define __kmem_less(x, y)	((x) < (y) ? (x) : (y))
#define __kmem_more(x, y)	((x) > (y) ? (x) : (y))

/* each argument once; a constant of constants stays one, so it may size an array */
#define __kmem_once(op, x, y) ({		\
	__typeof__(x) __x = (x);		\
	__typeof__(y) __y = (y);		\
	op(__x, __y); })
#define __kmem_pick(op, x, y)						\
	__builtin_choose_expr(__is_constexpr(x) && __is_constexpr(y),	\
			      op(x, y), __kmem_once(op, x, y))

#if LINUX_VERSION_CODE >= 0x060700
#define __kmem_compare(op, x, y)	__kmem_pick(op, x, y)
#else
/* the two must be of one type */
#define __kmem_compare(op, x, y)					\
	__builtin_choose_expr((sizeof((__typeof__(x) *)1 == (__typeof__(y) *)1)) != 0, \
			      __kmem_pick(op, x, y), 0)
#endif

#define min(x, y)	__kmem_compare(__kmem_less, x, y)
#define max(x, y)	__kmem_compare(__kmem_more, x, y)
#define min_t(type, x, y)	__kmem_pick(__kmem_less, (type)(x), (type)(y))
#define max_t(type, x, y)	__kmem_pick(__kmem_more, (type)(x), (type)(y))

#define swap(a, b) do {				\
	__typeof__(a) __held = (a);		\
	(a) = (b);				\
	(b) = __held;				\
} while (0)

#if KMEM_ERA >= 60
#define umin(x, y)	min_t(u64, x, y)
#define umax(x, y)	max_t(u64, x, y)
#define min3(x, y, z)	min((__typeof__(x))min(x, y), z)
#define max3(x, y, z)	max((__typeof__(x))max(x, y), z)
#define min_not_zero(x, y) ({						\
	__typeof__(x) __nx = (x);					\
	__typeof__(y) __ny = (y);					\
	__nx == 0 ? __ny : (__ny == 0 ? __nx : min(__nx, __ny)); })
#define __clamp(val, lo, hi)	((val) >= (hi) ? (hi) : ((val) <= (lo) ? (lo) : (val)))
#define __clamp_once(val, lo, hi) ({		\
	__typeof__(val) __val = (val);		\
	__typeof__(lo) __lo = (lo);		\
	__typeof__(hi) __hi = (hi);		\
	__clamp(__val, __lo, __hi); })
#define clamp(val, lo, hi)						\
	__builtin_choose_expr(__is_constexpr(val) && __is_constexpr(lo) && __is_constexpr(hi), \
			      __clamp(val, lo, hi), __clamp_once(val, lo, hi))
#define clamp_t(type, val, lo, hi)	clamp((type)(val), (type)(lo), (type)(hi))
#define clamp_val(val, lo, hi)	clamp_t(__typeof__(val), val, lo, hi)
#define in_range64(val, start, len)	((u64)(val) - (u64)(start) < (u64)(len))
#define in_range32(val, start, len)	((u32)(val) - (u32)(start) < (u32)(len))
#define in_range(val, start, len)					\
	((sizeof(start) | sizeof(len) | sizeof(val)) <= sizeof(u32) ?	\
	 in_range32(val, start, len) : in_range64(val, start, len))
#define MIN(a, b)	__kmem_less(a, b)
#define MAX(a, b)	__kmem_more(a, b)
#define MIN_T(type, a, b)	__kmem_less((type)(a), (type)(b))
#define MAX_T(type, a, b)	__kmem_more((type)(a), (type)(b))
#define min_array(array, len)	__kmem_array(array, len, __kmem_less)
#define max_array(array, len)	__kmem_array(array, len, __kmem_more)
#define __kmem_array(array, len, op) ({					\
	__typeof__(&(array)[0]) __array = (array);			\
	__typeof__(len) __len = (len);					\
	__typeof__(__array[0] + 0) __found = __array[--__len];		\
	while (__len--)							\
		__found = op(__found, __array[__len]);			\
	__found; })
#endif
