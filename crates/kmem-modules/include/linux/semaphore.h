/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counting semaphores. */
#pragma once
#include <linux/list.h>
#include <linux/spinlock.h>

#if KMEM_ERA >= 60
struct semaphore {
	raw_spinlock_t lock;
	unsigned int count;
	struct list_head wait_list;
};

#define __SEMAPHORE_INITIALIZER(name, n)	\
	{ .count = (n), .wait_list = LIST_HEAD_INIT((name).wait_list) }
#if LINUX_VERSION_CODE >= 0x060400
#define DEFINE_SEMAPHORE(name, n)	struct semaphore name = __SEMAPHORE_INITIALIZER(name, n)
#else
#define DEFINE_SEMAPHORE(name)	struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#endif
int kmem_down_timeout(struct semaphore *sem, long timeout);
#define down_timeout(sem, timeout)	({ might_sleep(); kmem_down_timeout(sem, timeout); })
#define down_killable(sem)	({ down(sem); 0; })
#else
struct semaphore {
	int count;
	int sleepers;
	spinlock_t lock;
	struct list_head wait_list;
};

#define __SEMAPHORE_INITIALIZER(name, n)	\
	{ .count = (n), .wait_list = LIST_HEAD_INIT((name).wait_list) }
#define __DECLARE_SEMAPHORE_GENERIC(name, n)	\
	struct semaphore name = __SEMAPHORE_INITIALIZER(name, n)
#define DECLARE_MUTEX_LOCKED(name)	__DECLARE_SEMAPHORE_GENERIC(name, 0)
#define sema_count(sem)	((sem)->count)
#endif
#if LINUX_VERSION_CODE < 0x020625
#define DECLARE_MUTEX(name)	struct semaphore name = __SEMAPHORE_INITIALIZER(name, 1)
#define init_MUTEX(sem)	sema_init((sem), 1)
#define init_MUTEX_LOCKED(sem)	sema_init((sem), 0)
#endif

void sema_init(struct semaphore *sem, int val);
void kmem_down(struct semaphore *sem);
int down_trylock(struct semaphore *sem);
void up(struct semaphore *sem);

#define down(sem)	do { might_sleep(); kmem_down(sem); } while (0)
#define down_interruptible(sem)	({ down(sem); 0; })
