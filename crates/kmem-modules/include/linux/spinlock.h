/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Spin locks and reader-writer locks. A spin lock keeps the number of the task that holds it. */
#pragma once
#include <linux/typecheck.h>
#include <linux/preempt.h>
#include <linux/linkage.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/stringify.h>
#include <linux/bottom_half.h>
#include <linux/lockdep.h>
#include <linux/spinlock_types.h>
#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/kernel.h>

void kmem_spin_lock_bad(spinlock_t *lock);	/* held already, or never set up */
int kmem_spin_unlock_bad(spinlock_t *lock);	/* whether anybody holds it */
void kmem_read_lock_bad(rwlock_t *lock);
void kmem_write_lock_bad(rwlock_t *lock);
void kmem_rw_unlock_bad(rwlock_t *lock);

static __always_inline void kmem_lock_down(const void *lock)
{
	kmem_preempt_down(lock, "a lock was given back that nobody has taken");
}

static __always_inline void kmem_spin_take(spinlock_t *lock)
{
	if (unlikely(lock->locked))
		kmem_spin_lock_bad(lock);
	lock->locked = kmem_lock_id;
	barrier();
}

static __always_inline int kmem_spin_try(spinlock_t *lock)
{
	if (lock->locked)
		return 0;
	kmem_preempt_up(lock);
	lock->locked = kmem_lock_id;
	barrier();
	return 1;
}

/* says whether it was held */
static __always_inline int kmem_spin_give(spinlock_t *lock)
{
	barrier();
	if (unlikely(lock->locked != kmem_lock_id && !kmem_spin_unlock_bad(lock)))
		return 0;
	lock->locked = 0;
	return 1;
}

static __always_inline void kmem_read_take(rwlock_t *lock)
{
	if (unlikely(lock->count < 0))
		kmem_read_lock_bad(lock);
	lock->count++;
	barrier();
}

static __always_inline void kmem_write_take(rwlock_t *lock)
{
	if (unlikely(lock->count))
		kmem_write_lock_bad(lock);
	lock->count = -1;
	barrier();
}

static __always_inline int kmem_read_give(rwlock_t *lock)
{
	barrier();
	if (unlikely(lock->count <= 0)) {
		kmem_rw_unlock_bad(lock);
		return 0;
	}
	lock->count--;
	return 1;
}

static __always_inline int kmem_write_give(rwlock_t *lock)
{
	barrier();
	if (unlikely(lock->count >= 0)) {
		kmem_rw_unlock_bad(lock);
		return 0;
	}
	lock->count = 0;
	return 1;
}

static inline int kmem_read_try(rwlock_t *lock)
{
	if (lock->count < 0)
		return 0;
	kmem_preempt_up(lock);
	lock->count++;
	return 1;
}

static inline int kmem_write_try(rwlock_t *lock)
{
	if (lock->count)
		return 0;
	kmem_preempt_up(lock);
	lock->count = -1;
	return 1;
}

/* the plain form and the ones that keep interrupts or soft interrupts away, for one kind of lock */
#define __KMEM_LOCKS(type, name, take, give)				\
	static __always_inline void name##_lock(type *lock)		\
	{ kmem_preempt_up(lock); take(lock); }				\
	static __always_inline void name##_unlock(type *lock)		\
	{ if (likely(give(lock))) kmem_lock_down(lock); }			\
	static __always_inline void name##_lock_irq(type *lock)		\
	{ local_irq_disable(); name##_lock(lock); }			\
	static __always_inline void name##_unlock_irq(type *lock)	\
	{ int held = give(lock); local_irq_enable();			\
	  if (likely(held)) kmem_lock_down(lock); }			\
	static __always_inline void name##_lock_bh(type *lock)		\
	{ kmem_bh_down(lock); take(lock); }				\
	static __always_inline void name##_unlock_bh(type *lock)	\
	{ if (likely(give(lock))) kmem_bh_up(lock); }			\
	static __always_inline unsigned long kmem_##name##_lock_irqsave(type *lock)	\
	{ unsigned long flags; local_irq_save(flags); name##_lock(lock); return flags; }	\
	static __always_inline void name##_unlock_irqrestore(type *lock, unsigned long flags)	\
	{ int held = give(lock); local_irq_restore(flags);		\
	  if (likely(held)) kmem_lock_down(lock); }
__KMEM_LOCKS(spinlock_t, spin, kmem_spin_take, kmem_spin_give)
__KMEM_LOCKS(rwlock_t, kmem_read, kmem_read_take, kmem_read_give)
__KMEM_LOCKS(rwlock_t, kmem_write, kmem_write_take, kmem_write_give)
/* macros, as in the kernel: sources have variables of these names */
#define read_lock(lock)	kmem_read_lock(lock)
#define read_unlock(lock)	kmem_read_unlock(lock)
#define read_lock_irq(lock)	kmem_read_lock_irq(lock)
#define read_unlock_irq(lock)	kmem_read_unlock_irq(lock)
#define read_lock_bh(lock)	kmem_read_lock_bh(lock)
#define read_unlock_bh(lock)	kmem_read_unlock_bh(lock)
#define read_unlock_irqrestore(lock, flags)	kmem_read_unlock_irqrestore(lock, flags)
#define write_lock(lock)	kmem_write_lock(lock)
#define write_unlock(lock)	kmem_write_unlock(lock)
#define write_lock_irq(lock)	kmem_write_lock_irq(lock)
#define write_unlock_irq(lock)	kmem_write_unlock_irq(lock)
#define write_lock_bh(lock)	kmem_write_lock_bh(lock)
#define write_unlock_bh(lock)	kmem_write_unlock_bh(lock)
#define write_unlock_irqrestore(lock, flags)	kmem_write_unlock_irqrestore(lock, flags)

#define __kmem_irqsave(name, lock, flags) do {				\
	(void)typecheck(unsigned long, flags);				\
	(flags) = kmem_##name##_lock_irqsave(lock);			\
} while (0)
#define spin_lock_irqsave(lock, flags)	__kmem_irqsave(spin, lock, flags)
#define read_lock_irqsave(lock, flags)	__kmem_irqsave(kmem_read, lock, flags)
#define write_lock_irqsave(lock, flags)	__kmem_irqsave(kmem_write, lock, flags)

#define spin_lock_init(lock)	do { (lock)->locked = 0; } while (0)
#define rwlock_init(lock)	do { *(lock) = __RW_LOCK_UNLOCKED(); } while (0)
#define spin_trylock(lock)	kmem_spin_try(lock)
#define read_trylock(lock)	kmem_read_try(lock)
#define write_trylock(lock)	kmem_write_try(lock)
#define spin_is_locked(lock)	((lock)->locked != 0)
#define spin_is_contended(lock)	((void)(lock), 0)
#define spin_can_lock(lock)	(!spin_is_locked(lock))
#define spin_unlock_wait(lock)	do { } while (0)
#define assert_spin_locked(lock)	BUG_ON(!spin_is_locked(lock))
#define spin_lock_nested(lock, sub)	spin_lock(lock)
#define spin_lock_irqsave_nested(lock, flags, sub)	spin_lock_irqsave(lock, flags)
#define spin_trylock_bh(lock) ({					\
	int __got;							\
	kmem_bh_down(lock);						\
	__got = !(lock)->locked;					\
	if (__got)							\
		(lock)->locked = kmem_lock_id;				\
	else								\
		kmem_bh_up(lock);					\
	__got; })
#define spin_trylock_irq(lock) ({					\
	int __got;							\
	local_irq_disable();						\
	__got = spin_trylock(lock);					\
	if (!__got)							\
		local_irq_enable();					\
	__got; })
#define spin_trylock_irqsave(lock, flags) ({				\
	int __got;							\
	local_irq_save(flags);						\
	__got = spin_trylock(lock);					\
	if (!__got)							\
		local_irq_restore(flags);				\
	__got; })

int atomic_dec_and_lock(atomic_t *atomic, spinlock_t *lock);

#if KMEM_ERA >= 60
#define raw_spin_lock_init(lock)	spin_lock_init(lock)
#define raw_spin_lock(lock)	spin_lock(lock)
#define raw_spin_unlock(lock)	spin_unlock(lock)
#define raw_spin_trylock(lock)	spin_trylock(lock)
#define raw_spin_is_locked(lock)	spin_is_locked(lock)
#define raw_spin_lock_irq(lock)	spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock)	spin_unlock_irq(lock)
#define raw_spin_lock_bh(lock)	spin_lock_bh(lock)
#define raw_spin_unlock_bh(lock)	spin_unlock_bh(lock)
#define raw_spin_lock_irqsave(lock, flags)	spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags)	spin_unlock_irqrestore(lock, flags)

DEFINE_GUARD(spinlock, spinlock_t *, spin_lock(_T), spin_unlock(_T))
DEFINE_GUARD(spinlock_irq, spinlock_t *, spin_lock_irq(_T), spin_unlock_irq(_T))
DEFINE_GUARD(spinlock_bh, spinlock_t *, spin_lock_bh(_T), spin_unlock_bh(_T))
DEFINE_GUARD(raw_spinlock, spinlock_t *, spin_lock(_T), spin_unlock(_T))
DEFINE_GUARD(raw_spinlock_irq, spinlock_t *, spin_lock_irq(_T), spin_unlock_irq(_T))
DEFINE_GUARD(read_lock, rwlock_t *, read_lock(_T), read_unlock(_T))
DEFINE_GUARD(write_lock, rwlock_t *, write_lock(_T), write_unlock(_T))

struct kmem_irqsave_guard {
	spinlock_t *lock;
	unsigned long flags;
};

static inline struct kmem_irqsave_guard kmem_irqsave_guard(spinlock_t *lock)
{
	return (struct kmem_irqsave_guard){ lock, kmem_spin_lock_irqsave(lock) };
}

DEFINE_CLASS(spinlock_irqsave, struct kmem_irqsave_guard,
	     spin_unlock_irqrestore(_T.lock, _T.flags), kmem_irqsave_guard(l), spinlock_t *l)
DEFINE_CLASS(raw_spinlock_irqsave, struct kmem_irqsave_guard,
	     spin_unlock_irqrestore(_T.lock, _T.flags), kmem_irqsave_guard(l), spinlock_t *l)
#endif
