/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Arithmetic that notices when the result does not fit. */
#pragma once
#if KMEM_ERA < 60
#error linux/overflow.h came after 2.6.18
#endif
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/const.h>

#define type_max(T)	((T)((((T)1 << (8 * sizeof(T) - 1 - is_signed_type(T))) - 1) + \
			     ((T)1 << (8 * sizeof(T) - 1 - is_signed_type(T)))))
#define type_min(T)	((T)((T)-type_max(T) - (T)1))
#define __type_max(T)	type_max(T)
#define __type_min(T)	type_min(T)
#define is_non_negative(a)	((a) > 0 || (a) == 0)
#define is_negative(a)	(!(is_non_negative(a)))

static inline bool __must_check __must_check_overflow(bool overflow)
{
	return unlikely(overflow);
}

#define check_add_overflow(a, b, d)	__must_check_overflow(__builtin_add_overflow(a, b, d))
#define check_sub_overflow(a, b, d)	__must_check_overflow(__builtin_sub_overflow(a, b, d))
#define check_mul_overflow(a, b, d)	__must_check_overflow(__builtin_mul_overflow(a, b, d))
#define __wrapping(op, a, b) ({						\
	__typeof__(a) __result;						\
	__builtin_##op##_overflow(a, b, &__result);			\
	__result; })
#define wrapping_add(type, a, b)	({ type __w; (void)__builtin_add_overflow(a, b, &__w); __w; })
#define wrapping_sub(type, a, b)	({ type __w; (void)__builtin_sub_overflow(a, b, &__w); __w; })
#define wrapping_mul(type, a, b)	({ type __w; (void)__builtin_mul_overflow(a, b, &__w); __w; })
#define wrapping_assign_add(var, offset) ({				\
	__typeof__(var) *kmem_var = &(var);				\
	*kmem_var = wrapping_add(__typeof__(var), *kmem_var, offset); })
#define wrapping_assign_sub(var, offset) ({				\
	__typeof__(var) *kmem_var = &(var);				\
	*kmem_var = wrapping_sub(__typeof__(var), *kmem_var, offset); })

#define check_shl_overflow(a, s, d) __must_check_overflow(({		\
	__typeof__(a) kmem_a = (a);					\
	__typeof__(s) kmem_s = (s);					\
	__typeof__(d) kmem_d = (d);					\
	unsigned long long kmem_wide = kmem_a;				\
	unsigned int kmem_by = is_non_negative(kmem_s) && kmem_s < 8 * sizeof(*kmem_d) ? kmem_s : 0; \
	*kmem_d = (kmem_wide << kmem_by);				\
	kmem_by != kmem_s || is_negative(*kmem_d) || is_negative(kmem_a) ||	\
	(*kmem_d >> kmem_by) != kmem_a; }))

/* a constant is compared with the limits of the type, any other number put into it; T may be a variable too */
#define __overflows_type_constexpr(n, T) (				\
	is_unsigned_type(__typeof__(n)) || is_unsigned_type(__typeof__(T)) ? \
		((n) > type_max(__typeof__(T)) || is_negative(n)) :	\
		((n) < type_min(__typeof__(T)) || (n) > type_max(__typeof__(T))))
#define __overflows_type(n, T) ({					\
	__typeof__(T) kmem_sink;					\
	__builtin_add_overflow((n), (__typeof__(n))0, &kmem_sink); })
#define overflows_type(n, T)	\
	__builtin_choose_expr(__is_constexpr(n), __overflows_type_constexpr(n, T), __overflows_type(n, T))
/* a constant only has to fit, anything else must be of the type */
#define castable_to_type(n, T)	\
	__builtin_choose_expr(__is_constexpr(n), !__overflows_type_constexpr(n, T), __same_type(n, T))
#define __same_width(n, T)	(sizeof(n) == sizeof(T))

static inline size_t __must_check size_mul(size_t a, size_t b)
{
	size_t bytes;

	return __builtin_mul_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

static inline size_t __must_check size_add(size_t a, size_t b)
{
	size_t bytes;

	return __builtin_add_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

static inline size_t __must_check size_sub(size_t minuend, size_t subtrahend)
{
	size_t bytes;

	if (minuend == SIZE_MAX || subtrahend == SIZE_MAX ||
	    __builtin_sub_overflow(minuend, subtrahend, &bytes))
		return SIZE_MAX;
	return bytes;
}

#define array_size(a, b)	size_mul(a, b)
#define array3_size(a, b, c)	size_mul(size_mul(a, b), c)
#define flex_array_size(p, member, count)				\
	__builtin_choose_expr(__is_constexpr(count),			\
		(count) * sizeof(*(p)->member) + __must_be_array((p)->member), \
		size_mul(count, sizeof(*(p)->member) + __must_be_array((p)->member)))
#define struct_size(p, member, count)					\
	__builtin_choose_expr(__is_constexpr(count),			\
		sizeof(*(p)) + flex_array_size(p, member, count),	\
		size_add(sizeof(*(p)), flex_array_size(p, member, count)))
#define struct_size_t(type, member, count)	struct_size((type *)NULL, member, count)

#define _DEFINE_FLEX(type, name, member, count, initializer...)		\
	union {								\
		u8 bytes[struct_size_t(type, member, count)];		\
		type obj;						\
	} name##_u initializer;						\
	type *name = (type *)&name##_u
#define DEFINE_RAW_FLEX(type, name, member, count)	\
	_DEFINE_FLEX(type, name, member, count, = { })
#define DEFINE_FLEX(type, name, member, counter, count)	\
	_DEFINE_FLEX(type, name, member, count, = { .obj.counter = count, })
