/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counters of references: at a mistake they say so in the kernel's words and stay where they can do no harm. */
#if KMEM_ERA >= 60
#include <linux/refcount.h>
#include <kmem/host.h>

static void saturate(refcount_t *r, const char *what)
{
	refcount_set(r, REFCOUNT_SATURATED);
	kmem_host_misuse(what, r);
}

static void check_grown(refcount_t *r, int old, int i)
{
	if (!old)
		saturate(r, "refcount_t: addition on 0; use-after-free.");
	else if (old < 0 || old + i < 0)
		saturate(r, "refcount_t: saturated; leaking memory.");
}

void refcount_add(int i, refcount_t *r)
{
	check_grown(r, atomic_fetch_add(i, &r->refs), i);
}

bool refcount_add_not_zero(int i, refcount_t *r)
{
	int old = atomic_fetch_add_unless(&r->refs, i, 0);

	if (old)
		check_grown(r, old, i);
	return old != 0;
}

bool refcount_sub_and_test(int i, refcount_t *r)
{
	int old = atomic_fetch_sub(i, &r->refs);

	if (old == i && i > 0)
		return true;
	if (old <= 0 || old - i < 0)
		saturate(r, "refcount_t: underflow; use-after-free.");
	return false;
}

void refcount_dec(refcount_t *r)
{
	if (atomic_fetch_sub(1, &r->refs) <= 1)
		saturate(r, "refcount_t: decrement hit 0; leaking memory.");
}

bool refcount_dec_if_one(refcount_t *r)
{
	return atomic_cmpxchg(&r->refs, 1, 0) == 1;
}

bool refcount_dec_not_one(refcount_t *r)
{
	if (atomic_read(&r->refs) == 1)
		return false;
	if (refcount_sub_and_test(1, r))
		return false;
	return true;
}

bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock)
{
	if (refcount_dec_not_one(r))
		return false;
	mutex_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	mutex_unlock(lock);
	return false;
}

bool refcount_dec_and_lock(refcount_t *r, spinlock_t *lock)
{
	if (refcount_dec_not_one(r))
		return false;
	spin_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	spin_unlock(lock);
	return false;
}
#endif
