/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Semaphores: a timer or a tasklet may raise one that is waited for. */
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
		if (!kmem_run_next())
			kmem_host_stuck("down: the semaphore is taken, and nothing is left that could release it");
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
}

#if KMEM_ERA >= 60
int kmem_down_timeout(struct semaphore *sem, long timeout)
{
	u64 deadline = kmem_deadline(timeout);

	while (down_trylock(sem)) {
		if (!kmem_run_next_until(deadline)) {
			kmem_clock_reach(deadline);
			return -ETIME;
		}
	}
	return 0;
}
#endif
