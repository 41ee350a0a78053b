/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counters that several CPUs may change at once. */
#pragma once
#include <linux/types.h>
#include <asm/barrier.h>

#define atomic_read(v)	READ_ONCE((v)->counter)
#define atomic_set(v, i)	WRITE_ONCE((v)->counter, (i))

/* all operations of one type: atomic_t on int, atomic64_t on s64, atomic_long_t on long */
#define __KMEM_ATOMIC_OP(pre, T, A, op, builtin)			\
	static inline void pre##_##op(T i, A *v)			\
	{ __atomic_fetch_##builtin(&v->counter, i, __ATOMIC_RELAXED); }	\
	static inline T pre##_fetch_##op(T i, A *v)			\
	{ return __atomic_fetch_##builtin(&v->counter, i, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_fetch_##op##_relaxed(T i, A *v)		\
	{ return __atomic_fetch_##builtin(&v->counter, i, __ATOMIC_RELAXED); }

#define __KMEM_ATOMIC(pre, T, A)					\
	__KMEM_ATOMIC_OP(pre, T, A, add, add)				\
	__KMEM_ATOMIC_OP(pre, T, A, sub, sub)				\
	__KMEM_ATOMIC_OP(pre, T, A, and, and)				\
	__KMEM_ATOMIC_OP(pre, T, A, or, or)				\
	__KMEM_ATOMIC_OP(pre, T, A, xor, xor)				\
	static inline void pre##_andnot(T i, A *v)			\
	{ __atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED); }	\
	static inline T pre##_fetch_andnot(T i, A *v)			\
	{ return __atomic_fetch_and(&v->counter, ~i, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_add_return(T i, A *v)			\
	{ return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_sub_return(T i, A *v)			\
	{ return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST); }	\
	static inline void pre##_inc(A *v)				\
	{ __atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED); }	\
	static inline void pre##_dec(A *v)				\
	{ __atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED); }	\
	static inline T pre##_inc_return(A *v)				\
	{ return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_dec_return(A *v)				\
	{ return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_fetch_inc(A *v)				\
	{ return __atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_fetch_dec(A *v)				\
	{ return __atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST); }	\
	static inline int pre##_inc_and_test(A *v)			\
	{ return pre##_inc_return(v) == 0; }				\
	static inline int pre##_dec_and_test(A *v)			\
	{ return pre##_dec_return(v) == 0; }				\
	static inline int pre##_sub_and_test(T i, A *v)			\
	{ return pre##_sub_return(i, v) == 0; }				\
	static inline int pre##_add_negative(T i, A *v)			\
	{ return pre##_add_return(i, v) < 0; }				\
	static inline T pre##_xchg(A *v, T new)				\
	{ return __atomic_exchange_n(&v->counter, new, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_cmpxchg(A *v, T old, T new)		\
	{ __atomic_compare_exchange_n(&v->counter, &old, new, 0,	\
				      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);	\
	  return old; }							\
	static inline int pre##_try_cmpxchg(A *v, T *old, T new)	\
	{ return __atomic_compare_exchange_n(&v->counter, (__typeof__(v->counter) *)old, new, 0, \
					     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); }	\
	static inline T pre##_fetch_add_unless(A *v, T i, T unless)	\
	{ T c = pre##_read(v);						\
	  while (c != unless && !pre##_try_cmpxchg(v, &c, c + i))	\
		;							\
	  return c; }							\
	static inline int pre##_add_unless(A *v, T i, T unless)		\
	{ return pre##_fetch_add_unless(v, i, unless) != unless; }	\
	static inline int pre##_inc_not_zero(A *v)			\
	{ return pre##_add_unless(v, 1, 0); }				\
	static inline int pre##_inc_unless_negative(A *v)		\
	{ T c = pre##_read(v);						\
	  while (c >= 0 && !pre##_try_cmpxchg(v, &c, c + 1))		\
		;							\
	  return c >= 0; }						\
	static inline int pre##_dec_unless_positive(A *v)		\
	{ T c = pre##_read(v);						\
	  while (c <= 0 && !pre##_try_cmpxchg(v, &c, c - 1))		\
		;							\
	  return c <= 0; }						\
	static inline T pre##_dec_if_positive(A *v)			\
	{ T c = pre##_read(v);						\
	  while (c > 0 && !pre##_try_cmpxchg(v, &c, c - 1))		\
		;							\
	  return c - 1; }

__KMEM_ATOMIC(atomic, int, atomic_t)

#define atomic_set_mask(mask, v)	atomic_or(mask, v)
#define atomic_clear_mask(mask, v)	atomic_andnot(mask, v)
#define atomic_read_acquire(v)	atomic_read(v)
#define atomic_set_release(v, i)	atomic_set(v, i)
#define cmpxchg(ptr, old, new) ({					\
	__typeof__(*(ptr)) __old = (old);				\
	__atomic_compare_exchange_n((ptr), &__old, (new), 0,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);	\
	__old; })
#define try_cmpxchg(ptr, oldp, new)	\
	__atomic_compare_exchange_n((ptr), (oldp), (new), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define try_cmpxchg_acquire(ptr, oldp, new)	try_cmpxchg(ptr, oldp, new)
#define try_cmpxchg_release(ptr, oldp, new)	try_cmpxchg(ptr, oldp, new)
#define try_cmpxchg_relaxed(ptr, oldp, new)	try_cmpxchg(ptr, oldp, new)
#define try_cmpxchg_local(ptr, oldp, new)	try_cmpxchg(ptr, oldp, new)
#define cmpxchg_relaxed(ptr, old, new)	cmpxchg(ptr, old, new)
#define cmpxchg_acquire(ptr, old, new)	cmpxchg(ptr, old, new)
#define cmpxchg_release(ptr, old, new)	cmpxchg(ptr, old, new)
#define cmpxchg_local(ptr, old, new)	cmpxchg(ptr, old, new)
#define xchg(ptr, new)	__atomic_exchange_n((ptr), (new), __ATOMIC_SEQ_CST)
#define xchg_relaxed(ptr, new)	xchg(ptr, new)

#if KMEM_ERA >= 60
#define ATOMIC64_INIT(i)	{ (i) }

#define atomic64_read(v)	__atomic_load_n(&(v)->counter, __ATOMIC_RELAXED)
#define atomic64_set(v, i)	__atomic_store_n(&(v)->counter, (i), __ATOMIC_RELAXED)
__KMEM_ATOMIC(atomic64, s64, atomic64_t)

#ifdef CONFIG_64BIT
typedef atomic64_t atomic_long_t;
#define atomic_long_read(v)	atomic64_read(v)
#define atomic_long_set(v, i)	atomic64_set(v, i)
__KMEM_ATOMIC(atomic_long, long, atomic64_t)
#else
typedef atomic_t atomic_long_t;
#define atomic_long_read(v)	((long)atomic_read(v))
#define atomic_long_set(v, i)	atomic_set(v, i)
__KMEM_ATOMIC(atomic_long, long, atomic_t)
#endif
#define ATOMIC_LONG_INIT(i)	{ (i) }
#define cmpxchg64(ptr, old, new)	cmpxchg(ptr, old, new)
#endif
#include <kmem/atomic_orders.h>
