/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reader-writer semaphores. There is one thread: who finds a lock held can only have taken it himself. */
#include <linux/rwsem.h>
#include <linux/string.h>
#include "rt.h"

void init_rwsem(struct rw_semaphore *sem)
{
	memset(sem, 0, sizeof(*sem));
	INIT_LIST_HEAD(&sem->wait_list);
}

int down_read_trylock(struct rw_semaphore *sem)
{
	if (sem->count < 0)
		return 0;
	sem->count++;
	return 1;
}

int down_write_trylock(struct rw_semaphore *sem)
{
	if (sem->count)
		return 0;
	sem->count = -1;
	return 1;
}

void kmem_down_read(struct rw_semaphore *sem)
{
	if (!down_read_trylock(sem))
		kmem_host_stuck("down_read: the semaphore is held for writing: deadlock");
}

void kmem_down_write(struct rw_semaphore *sem)
{
	if (!down_write_trylock(sem))
		kmem_host_stuck("down_write: the semaphore is already held: deadlock");
}

void up_read(struct rw_semaphore *sem)
{
	if (sem->count <= 0)
		kmem_host_misuse("up_read: the semaphore is not held for reading", sem);
	else
		sem->count--;
}

void up_write(struct rw_semaphore *sem)
{
	if (sem->count >= 0)
		kmem_host_misuse("up_write: the semaphore is not held for writing", sem);
	else
		sem->count = 0;
}

void downgrade_write(struct rw_semaphore *sem)
{
	if (sem->count >= 0)
		kmem_host_misuse("downgrade_write: the semaphore is not held for writing", sem);
	sem->count = 1;
}
