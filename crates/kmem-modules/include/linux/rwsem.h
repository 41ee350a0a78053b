/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reader-writer semaphores: many readers or one writer, who may sleep. */
#pragma once
#include <linux/list.h>
#include <linux/spinlock.h>

/* count: the number of readers, or -1 for a writer */
struct rw_semaphore {
	long count;
#if KMEM_ERA >= 60
	unsigned long owner;
	unsigned int osq;
#endif
	spinlock_t wait_lock;
	struct list_head wait_list;
};

#define __RWSEM_INITIALIZER(name)	{ .wait_list = LIST_HEAD_INIT((name).wait_list) }
#define DECLARE_RWSEM(name)	struct rw_semaphore name = __RWSEM_INITIALIZER(name)

void init_rwsem(struct rw_semaphore *sem);
void kmem_down_read(struct rw_semaphore *sem);
void kmem_down_write(struct rw_semaphore *sem);
int down_read_trylock(struct rw_semaphore *sem);
int down_write_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);
void downgrade_write(struct rw_semaphore *sem);

#define down_read(sem)	do { might_sleep(); kmem_down_read(sem); } while (0)
#define down_write(sem)	do { might_sleep(); kmem_down_write(sem); } while (0)
#define down_read_interruptible(sem)	({ down_read(sem); 0; })
#define down_read_killable(sem)	({ down_read(sem); 0; })
#define down_write_killable(sem)	({ down_write(sem); 0; })
#define down_read_nested(sem, sub)	down_read(sem)
#define down_write_nested(sem, sub)	down_write(sem)

static inline int rwsem_is_locked(struct rw_semaphore *sem)
{
	return sem->count != 0;
}
