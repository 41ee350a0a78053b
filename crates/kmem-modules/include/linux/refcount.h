/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counters of references that say when they are misused. */
#pragma once
#if KMEM_ERA < 60
#error linux/refcount.h came after 2.6.18
#endif
#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/limits.h>

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)	{ .refs = ATOMIC_INIT(n) }
#define REFCOUNT_MAX	INT_MAX
#define REFCOUNT_SATURATED	(INT_MIN / 2)

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}

void refcount_add(int i, refcount_t *r);
bool __must_check refcount_add_not_zero(int i, refcount_t *r);
bool __must_check refcount_sub_and_test(int i, refcount_t *r);
bool __must_check refcount_dec_if_one(refcount_t *r);
bool __must_check refcount_dec_not_one(refcount_t *r);
bool __must_check refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock);
bool __must_check refcount_dec_and_lock(refcount_t *r, spinlock_t *lock);
void refcount_dec(refcount_t *r);

#define refcount_inc(r)	refcount_add(1, r)
#define refcount_inc_not_zero(r)	refcount_add_not_zero(1, r)
#define refcount_dec_and_test(r)	refcount_sub_and_test(1, r)
