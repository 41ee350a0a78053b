/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Spin locks and preemption out of balance. There is one thread: who finds a lock held can only have taken it himself. */
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include "rt.h"

void kmem_preempt_unbalanced(const char *what)
{
	kmem_host_misuse(what, NULL);
}

void kmem_spin_lock_bad(spinlock_t *lock)
{
	if (lock->locked == 1)
		kmem_host_stuck("spin_lock: the lock is already held: deadlock");
	kmem_host_misuse("spin_lock: the lock was never initialised", lock);
}

void kmem_spin_unlock_bad(spinlock_t *lock)
{
	kmem_host_misuse("spin_unlock: the lock is not held", lock);
}

void kmem_read_lock_bad(rwlock_t *lock)
{
	kmem_host_stuck("read_lock: the lock is held for writing: deadlock");
}

void kmem_write_lock_bad(rwlock_t *lock)
{
	kmem_host_stuck("write_lock: the lock is already held: deadlock");
}

void kmem_rw_unlock_bad(rwlock_t *lock)
{
	kmem_host_misuse("unlock of a reader-writer lock that is not held so", lock);
}

int atomic_dec_and_lock(atomic_t *atomic, spinlock_t *lock)
{
	if (atomic_add_unless(atomic, -1, 1))
		return 0;
	spin_lock(lock);
	if (atomic_dec_and_test(atomic))
		return 1;
	spin_unlock(lock);
	return 0;
}
