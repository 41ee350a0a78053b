/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reader-writer semaphores. */
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "rt.h"

void init_rwsem(struct rw_semaphore *sem)
{
	memset(sem, 0, sizeof(*sem));
	INIT_LIST_HEAD(&sem->wait_list);
}

static int take_for_reading(struct rw_semaphore *sem, void *code)
{
	if (sem->count < 0)
		return 0;
	sem->count++;
	kmem_note_slept(sem, "a reader-writer semaphore", code);
	return 1;
}

static int take_for_writing(struct rw_semaphore *sem, void *code)
{
	if (sem->count)
		return 0;
	sem->count = -1;
	kmem_note_slept(sem, "a reader-writer semaphore", code);
	return 1;
}

int down_read_trylock(struct rw_semaphore *sem)
{
	return take_for_reading(sem, __builtin_return_address(0));
}

int down_write_trylock(struct rw_semaphore *sem)
{
	return take_for_writing(sem, __builtin_return_address(0));
}

void kmem_down_read(struct rw_semaphore *sem)
{
	while (!take_for_reading(sem, __builtin_return_address(0)))
		kmem_wait_on(sem, "down_read(): the semaphore is held for writing", KMEM_NEVER);
}

void kmem_down_write(struct rw_semaphore *sem)
{
	while (!take_for_writing(sem, __builtin_return_address(0)))
		kmem_wait_on(sem, "down_write(): the semaphore is held", KMEM_NEVER);
}

void up_read(struct rw_semaphore *sem)
{
	if (sem->count <= 0) {
		kmem_host_misuse("up_read: the semaphore is not held for reading", sem);
		return;
	}
	kmem_forget_slept(sem);
	if (!--sem->count)
		kmem_wake_on(sem);
}

void up_write(struct rw_semaphore *sem)
{
	if (sem->count >= 0) {
		kmem_host_misuse("up_write: the semaphore is not held for writing", sem);
		return;
	}
	kmem_forget_slept(sem);
	sem->count = 0;
	kmem_wake_on(sem);
}

void downgrade_write(struct rw_semaphore *sem)
{
	if (sem->count >= 0)
		kmem_host_misuse("downgrade_write: the semaphore is not held for writing", sem);
	sem->count = 1;
	kmem_wake_on(sem);
}
