/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wait queues. With one thread a sleeper waits for timers, tasklets and callbacks; if none is left it would sleep for ever. */
#pragma once
#include <linux/list.h>
#include <linux/stddef.h>
#include <linux/spinlock.h>
#include <asm/current.h>

#if KMEM_ERA >= 60
typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;
typedef struct wait_queue_entry wait_queue_entry_t;
#define kmem_wait_list	head
#define kmem_wait_link	entry
#else
typedef struct __wait_queue_head {
	spinlock_t lock;
	struct list_head task_list;
} wait_queue_head_t;
typedef struct wait_queue_entry wait_queue_t;
#define wait_queue_entry	__wait_queue
#define kmem_wait_list	task_list
#define kmem_wait_link	task_list
#endif
struct wait_queue_entry;

typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags,
				 void *key);

struct wait_queue_entry {
	unsigned int flags;
#define WQ_FLAG_EXCLUSIVE	0x01
#if KMEM_ERA >= 60
	void *private;
#else
	struct task_struct *task;
#endif
	wait_queue_func_t func;
	struct list_head kmem_wait_link;
};

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);
int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)	\
	{ .kmem_wait_list = LIST_HEAD_INIT((name).kmem_wait_list) }
#define DECLARE_WAIT_QUEUE_HEAD(name)	\
	wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name)	DECLARE_WAIT_QUEUE_HEAD(name)
#define __kmem_wait_entry(name, function)				\
	struct wait_queue_entry name = {				\
		.func = function,					\
		.kmem_wait_link = LIST_HEAD_INIT((name).kmem_wait_link) }
#define DECLARE_WAITQUEUE(name, task)	\
	__kmem_wait_entry(name, ((void)(task), default_wake_function))
#define DEFINE_WAIT(name)	__kmem_wait_entry(name, autoremove_wake_function)
#define DEFINE_WAIT_FUNC(name, function)	__kmem_wait_entry(name, function)

static inline void init_waitqueue_head(wait_queue_head_t *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->kmem_wait_list);
}

static inline void init_waitqueue_entry(struct wait_queue_entry *entry, struct task_struct *task)
{
	entry->flags = 0;
	entry->func = default_wake_function;
}

static inline void init_waitqueue_func_entry(struct wait_queue_entry *entry, wait_queue_func_t func)
{
	entry->flags = 0;
	entry->func = func;
}

static inline int waitqueue_active(wait_queue_head_t *wq)
{
	return !list_empty(&wq->kmem_wait_list);
}

#define wq_has_sleeper(wq)	waitqueue_active(wq)

void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void add_wait_queue_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry, int state);
void prepare_to_wait_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry, int state);
void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry);
void __wake_up(wait_queue_head_t *wq, unsigned int mode, int nr, void *key);

#define wake_up(wq)	__wake_up((wq), TASK_NORMAL, 1, NULL)
#define wake_up_nr(wq, nr)	__wake_up((wq), TASK_NORMAL, (nr), NULL)
#define wake_up_all(wq)	__wake_up((wq), TASK_NORMAL, 0, NULL)
#define wake_up_locked(wq)	wake_up(wq)
#define wake_up_interruptible(wq)	__wake_up((wq), TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_nr(wq, nr)	__wake_up((wq), TASK_INTERRUPTIBLE, (nr), NULL)
#define wake_up_interruptible_all(wq)	__wake_up((wq), TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_sync(wq)	wake_up_interruptible(wq)
#define wake_up_poll(wq, events)	wake_up(wq)
#define wake_up_interruptible_poll(wq, events)	wake_up_interruptible(wq)

/* sleeps until something else has run; does not return if nothing can */
void kmem_wait(wait_queue_head_t *wq, const char *what);
/* the same up to a time in ns; 0 when it has come */
int kmem_wait_until(wait_queue_head_t *wq, unsigned long long deadline);
unsigned long long kmem_deadline(long timeout);
long kmem_time_left(unsigned long long deadline);

#define __wait_event(wq, condition, what) do {				\
	might_sleep();							\
	while (!(condition))						\
		kmem_wait(&(wq), what);					\
} while (0)
#define wait_event(wq, condition)	__wait_event(wq, condition, "wait_event(" #wq ", " #condition ")")
#define wait_event_interruptible(wq, condition)	\
	({ __wait_event(wq, condition, "wait_event_interruptible(" #wq ", " #condition ")"); 0; })

/* the jiffies that are left, at least 1 when the condition holds; 0 when it does not */
#define wait_event_timeout(wq, condition, timeout) ({			\
	unsigned long long __deadline = kmem_deadline(timeout);		\
	int __holds;							\
	might_sleep();							\
	while (!(__holds = !!(condition)) && kmem_wait_until(&(wq), __deadline))	\
		;							\
	__holds ? kmem_time_left(__deadline) : 0L; })
#define wait_event_interruptible_timeout(wq, condition, timeout)	\
	wait_event_timeout(wq, condition, timeout)

#if KMEM_ERA >= 60
#define wait_event_killable(wq, condition)	wait_event_interruptible(wq, condition)
#define wait_event_killable_timeout(wq, condition, timeout)	wait_event_timeout(wq, condition, timeout)
#define wait_event_idle(wq, condition)	wait_event(wq, condition)
#define wait_event_freezable(wq, condition)	wait_event_interruptible(wq, condition)
#define wait_event_freezable_timeout(wq, condition, timeout)	wait_event_timeout(wq, condition, timeout)
#define io_wait_event(wq, condition)	wait_event(wq, condition)
#define wait_event_interruptible_exclusive(wq, condition)	wait_event_interruptible(wq, condition)

/* waits with a lock held outside the condition's evaluation only */
#define __kmem_wait_event_locked(wq, condition, unlock, lock, what) do {	\
	while (!(condition)) {						\
		unlock;							\
		might_sleep();						\
		kmem_wait(&(wq), what);					\
		lock;							\
	}								\
} while (0)
#define wait_event_lock_irq(wq, condition, lock)	\
	__kmem_wait_event_locked(wq, condition, spin_unlock_irq(&lock), spin_lock_irq(&lock), "wait_event_lock_irq")
#define wait_event_interruptible_lock_irq(wq, condition, lock)	\
	({ wait_event_lock_irq(wq, condition, lock); 0; })
#define wait_event_interruptible_locked(wq, condition)	\
	({ __kmem_wait_event_locked(wq, condition, spin_unlock(&(wq).lock), spin_lock(&(wq).lock), "wait_event_interruptible_locked"); 0; })
#endif
