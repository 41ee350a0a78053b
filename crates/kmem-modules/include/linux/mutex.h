/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Mutexes: one holder, who may sleep. */
#pragma once
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/atomic.h>
#include <linux/lockdep.h>
#include <linux/cleanup.h>

struct mutex {
	unsigned long owner;		/* the task, or 0 */
	spinlock_t wait_lock;
	unsigned int osq;
	struct list_head wait_list;
};

#define __MUTEX_INITIALIZER(name)	{ .wait_list = LIST_HEAD_INIT((name).wait_list) }
#define DEFINE_MUTEX(name)	struct mutex name = __MUTEX_INITIALIZER(name)

void __mutex_init(struct mutex *lock, const char *name, struct lock_class_key *key);
void kmem_mutex_lock(struct mutex *lock);
int kmem_mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
void mutex_destroy(struct mutex *lock);
int atomic_dec_and_mutex_lock(atomic_t *cnt, struct mutex *lock);

#define mutex_init(lock)	__mutex_init((lock), #lock, NULL)
#define mutex_lock(lock)	do { might_sleep(); kmem_mutex_lock(lock); } while (0)
#define mutex_lock_interruptible(lock)	({ mutex_lock(lock); 0; })
#define mutex_lock_killable(lock)	({ mutex_lock(lock); 0; })
#define mutex_lock_io(lock)	mutex_lock(lock)
#define mutex_lock_nested(lock, sub)	mutex_lock(lock)
#define mutex_lock_interruptible_nested(lock, sub)	mutex_lock_interruptible(lock)
#define mutex_lock_killable_nested(lock, sub)	mutex_lock_killable(lock)
#define mutex_trylock(lock)	kmem_mutex_trylock(lock)

static inline int mutex_is_locked(struct mutex *lock)
{
	return lock->owner != 0;
}

#if KMEM_ERA >= 60
DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))
#endif
