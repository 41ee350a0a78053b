/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Mutexes. There is one thread: who finds a lock held can only have taken it himself. */
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

void kmem_mutex_lock(struct mutex *lock)
{
	check_mutex(lock);
	if (lock->owner)
		kmem_host_stuck("mutex_lock: the mutex is already held: deadlock");
	lock->owner = (unsigned long)current;
}

int kmem_mutex_trylock(struct mutex *lock)
{
	check_mutex(lock);
	if (lock->owner)
		return 0;
	lock->owner = (unsigned long)current;
	return 1;
}

void mutex_unlock(struct mutex *lock)
{
	if (!lock->owner)
		kmem_host_misuse("mutex_unlock: the mutex is not held", lock);
	lock->owner = 0;
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
