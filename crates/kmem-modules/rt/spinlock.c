/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Spin locks and preemption out of balance.  A holder does not sleep, so who finds a lock held has taken it himself, or
 * has interrupted the holder, or the holder has slept after all: then it gets its turn here.
 *
 * Who keeps what is remembered with the code that took it, so that a lock that is never given back has a line.
 */
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include "rt.h"

struct kmem_held kmem_held[KMEM_HELD];
unsigned int kmem_held_depth;
unsigned long kmem_irqs_code;
const char kmem_held_rcu, kmem_held_bh;
struct kmem_slept kmem_slept[KMEM_SLEPT];

/* what is given back is not what was taken last: the others move up */
void kmem_held_remove(const void *what)
{
	unsigned int depth = min_t(unsigned int, kmem_held_depth, KMEM_HELD), at = depth;

	while (at && kmem_held[at - 1].what != what)
		at--;
	if (!at)
		return;
	for (; at < depth; at++)
		kmem_held[at - 1] = kmem_held[at];
	kmem_held_depth--;
}

unsigned int kmem_held_now(void)
{
	if (!kmem_preempt_count)
		kmem_held_depth = 0;
	return kmem_held_depth;
}

void kmem_note_slept(const void *lock, const char *what, void *code)
{
	struct kmem_slept *slept;

	for (slept = kmem_slept; slept < kmem_slept + KMEM_SLEPT; slept++)
		if (!slept->task) {
			*slept = (struct kmem_slept){ current, lock, what, code };
			return;
		}
}

/* its own first: readers of one lock are several */
void kmem_forget_slept(const void *lock)
{
	struct kmem_slept *slept, *found = NULL;

	for (slept = kmem_slept; slept < kmem_slept + KMEM_SLEPT; slept++)
		if (slept->task && slept->lock == lock && (!found || slept->task == current))
			found = slept;
	if (found)
		found->task = NULL;
}

/* a function that was called from here has returned: says what it has kept, and takes it away */
void kmem_check_held(const char *who, const void *function, int count, int irqs, unsigned int held)
{
	struct kmem_slept *slept;
	int wrong = (kmem_preempt_count != count ? 1 : 0) | (kmem_irqs_disabled != irqs ? 2 : 0);

	for (slept = kmem_slept; slept < kmem_slept + KMEM_SLEPT; slept++)
		if (slept->task == current && !(count & (SOFTIRQ_MASK | HARDIRQ_MASK)))
			wrong |= 4;
	if (wrong)
		kmem_host_unbalanced(who, function, held, wrong);
	kmem_preempt_count = count;
	kmem_irqs_disabled = irqs;
	kmem_held_depth = held;
}

void kmem_preempt_unbalanced(const char *what)
{
	kmem_host_misuse(what, NULL);
}

/* Lets others run until a word changes; does not return when nobody else can. */
static void spin(const volatile unsigned int *word, unsigned int value, const char *what)
{
	while (*word == value) {
		if (in_hardirq() || in_serving_softirq() || !kmem_others_can_run())
			kmem_host_stuck(what);
		kmem_yield();
	}
}

void kmem_spin_lock_bad(spinlock_t *lock)
{
	struct task_struct *holder = kmem_task_of_lock(lock->locked);

	if (!holder) {
		kmem_host_misuse("spin_lock: the lock was never initialised", lock);
		return;
	}
	if (holder == kmem_current)
		kmem_host_stuck("spin_lock: the lock is already held: deadlock");
	while (lock->locked)
		spin(&lock->locked, lock->locked, "spin_lock: the lock is held by a task that cannot run: deadlock");
}

int kmem_spin_unlock_bad(spinlock_t *lock)
{
	if (lock->locked && kmem_task_of_lock(lock->locked)) {
		kmem_host_misuse("spin_unlock: another task holds the lock", lock);
		return 1;
	}
	kmem_host_misuse("spin_unlock: the lock is not held", lock);
	return 0;
}

void kmem_read_lock_bad(rwlock_t *lock)
{
	while (lock->count < 0)
		spin((unsigned int *)&lock->count, lock->count, "read_lock: the lock is held for writing: deadlock");
}

void kmem_write_lock_bad(rwlock_t *lock)
{
	while (lock->count)
		spin((unsigned int *)&lock->count, lock->count, "write_lock: the lock is already held: deadlock");
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
