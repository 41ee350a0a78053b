/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Semaphores: anybody may raise one that is waited for. */
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/string.h>
#include <linux/wait.h>
#include "rt.h"

void sema_init(struct semaphore *sem, int val)
{
	memset(sem, 0, sizeof(*sem));
	sem->count = val;
	INIT_LIST_HEAD(&sem->wait_list);
}

void kmem_down(struct semaphore *sem)
{
	while ((int)sem->count <= 0)
		kmem_wait_on(sem, "down(): the semaphore is taken", KMEM_NEVER);
	sem->count--;
}

int down_trylock(struct semaphore *sem)
{
	if ((int)sem->count <= 0)
		return 1;
	sem->count--;
	return 0;
}

void up(struct semaphore *sem)
{
	sem->count++;
	kmem_wake_on(sem);
}

#if KMEM_ERA >= 60
int kmem_down_timeout(struct semaphore *sem, long timeout)
{
	u64 deadline = kmem_deadline(timeout);

	while (down_trylock(sem))
		if (!kmem_wait_on(sem, "down_timeout()", deadline))
			return down_trylock(sem) ? -ETIME : 0;
	return 0;
}
#endif
