/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Mutexes: the task that took one gives it back. */
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "rt.h"

void __mutex_init(struct mutex *lock, const char *name, struct lock_class_key *key)
{
	memset(lock, 0, sizeof(*lock));
	INIT_LIST_HEAD(&lock->wait_list);
}

static void check_mutex(struct mutex *lock)
{
	if (lock->wait_list.next == &lock->wait_list)
		return;
	kmem_host_misuse("the mutex was never initialised, or was moved", lock);
	__mutex_init(lock, NULL, NULL);
}

static void take_mutex(struct mutex *lock, void *code)
{
	lock->owner = (unsigned long)current;
	kmem_note_slept(lock, "a mutex", code);
}

void kmem_mutex_lock(struct mutex *lock)
{
	check_mutex(lock);
	if (lock->owner == (unsigned long)current)
		kmem_host_stuck("mutex_lock: the mutex is already held by this task: deadlock");
	while (lock->owner && lock->owner != (unsigned long)current) {
		kmem_wait_for_lock(lock, "mutex_lock()", (struct task_struct *)lock->owner);
		/* woken in vain: the next time it is handed over */
		lock->osq = lock->owner != 0;
	}
	take_mutex(lock, __builtin_return_address(0));
}

int kmem_mutex_trylock(struct mutex *lock)
{
	check_mutex(lock);
	if (lock->owner)
		return 0;
	take_mutex(lock, __builtin_return_address(0));
	return 1;
}

void mutex_unlock(struct mutex *lock)
{
	struct task_struct *owner = (struct task_struct *)lock->owner;

	if (!owner)
		kmem_host_misuse("mutex_unlock: the mutex is not held", lock);
	else if (owner != current)
		kmem_host_misuse("mutex_unlock: another task holds the mutex", lock);
	kmem_forget_slept(lock);
	lock->owner = 0;
	if (lock->osq) {
		struct task_struct *next = kmem_first_waiting_on(lock);

		lock->osq = 0;
		if (next)
			lock->owner = (unsigned long)next;
	}
	kmem_wake_on(lock);
}

void mutex_destroy(struct mutex *lock)
{
	if (lock->owner)
		kmem_host_misuse("mutex_destroy: the mutex is held", lock);
}

int atomic_dec_and_mutex_lock(atomic_t *cnt, struct mutex *lock)
{
	if (atomic_add_unless(cnt, -1, 1))
		return 0;
	mutex_lock(lock);
	if (atomic_dec_and_test(cnt))
		return 1;
	mutex_unlock(lock);
	return 0;
}
