/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wait queues: who waits for an event, and how the event wakes him. */
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
#define kmem_wait_task	private
#else
typedef struct __wait_queue_head {
	spinlock_t lock;
	struct list_head task_list;
} wait_queue_head_t;
typedef struct wait_queue_entry wait_queue_t;
#define wait_queue_entry	__wait_queue
#define kmem_wait_list	task_list
#define kmem_wait_link	task_list
#define kmem_wait_task	task
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
#define __kmem_wait_entry(name, function, waiter)			\
	struct wait_queue_entry name = {				\
		.kmem_wait_task = (waiter),				\
		.func = function,					\
		.kmem_wait_link = LIST_HEAD_INIT((name).kmem_wait_link) }
#define DECLARE_WAITQUEUE(name, task)	__kmem_wait_entry(name, default_wake_function, task)
#define DEFINE_WAIT(name)	__kmem_wait_entry(name, autoremove_wake_function, current)
#define DEFINE_WAIT_FUNC(name, function)	__kmem_wait_entry(name, function, current)

static inline void init_waitqueue_head(wait_queue_head_t *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->kmem_wait_list);
}

static inline void init_waitqueue_entry(struct wait_queue_entry *entry, struct task_struct *task)
{
	entry->flags = 0;
	entry->kmem_wait_task = task;
	entry->func = default_wake_function;
}

static inline void init_waitqueue_func_entry(struct wait_queue_entry *entry, wait_queue_func_t func)
{
	entry->flags = 0;
	entry->kmem_wait_task = NULL;
	entry->func = func;
}

#define init_wait(entry) do {						\
	(entry)->flags = 0;						\
	(entry)->kmem_wait_task = current;				\
	(entry)->func = autoremove_wake_function;			\
	INIT_LIST_HEAD(&(entry)->kmem_wait_link);			\
} while (0)

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
long wait_woken(struct wait_queue_entry *entry, unsigned int mode, long timeout);
int woken_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);

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

/* The caller is on a queue and in a state of sleep: gives the CPU away until woken. 0: the deadline (ns) came first. */
int kmem_wait(const char *what, unsigned long long deadline);
unsigned long long kmem_deadline(long timeout);	/* of a timeout in jiffies */
long kmem_time_left(unsigned long long deadline);
#define KMEM_FOR_EVER	(~0ULL)

/* whether the condition came to hold before the deadline */
#define __kmem_wait_event(wq, condition, waiting, exclusive, deadline, what, before, after) ({	\
	DEFINE_WAIT(__me);						\
	int __holds, __in_time = 1;					\
	for (;;) {							\
		prepare_to_wait##exclusive(&(wq), &__me, waiting);	\
		__holds = !!(condition);				\
		if (__holds || !__in_time)				\
			break;						\
		before;							\
		__in_time = kmem_wait(what, deadline);			\
		after;							\
	}								\
	finish_wait(&(wq), &__me);					\
	__holds; })

#define __kmem_wait_for(wq, condition, waiting, exclusive, what) do {	\
	might_sleep();							\
	if (!(condition))						\
		(void)__kmem_wait_event(wq, condition, waiting, exclusive, KMEM_FOR_EVER, what, , );	\
} while (0)

#define wait_event(wq, condition)	\
	__kmem_wait_for(wq, condition, TASK_UNINTERRUPTIBLE, , "wait_event(" #wq ", " #condition ")")
#define wait_event_interruptible(wq, condition)	\
	({ __kmem_wait_for(wq, condition, TASK_INTERRUPTIBLE, , "wait_event_interruptible(" #wq ", " #condition ")"); 0; })

/* the jiffies that are left, at least 1 when the condition holds; 0 when it does not */
#define __kmem_wait_timeout(wq, condition, waiting, timeout, what) ({	\
	unsigned long long __deadline = kmem_deadline(timeout);		\
	might_sleep();							\
	(condition) || __kmem_wait_event(wq, condition, waiting, , __deadline, what, , ) ?	\
		kmem_time_left(__deadline) : 0L; })
#define wait_event_timeout(wq, condition, timeout)	\
	__kmem_wait_timeout(wq, condition, TASK_UNINTERRUPTIBLE, timeout, "wait_event_timeout(" #wq ", " #condition ")")
#define wait_event_interruptible_timeout(wq, condition, timeout)	\
	__kmem_wait_timeout(wq, condition, TASK_INTERRUPTIBLE, timeout,	\
			    "wait_event_interruptible_timeout(" #wq ", " #condition ")")
#define wait_event_interruptible_exclusive(wq, condition)	\
	({ __kmem_wait_for(wq, condition, TASK_INTERRUPTIBLE, _exclusive,	\
			   "wait_event_interruptible_exclusive(" #wq ", " #condition ")"); 0; })

#if KMEM_ERA >= 60
#define wait_event_killable(wq, condition)	wait_event_interruptible(wq, condition)
#define wait_event_killable_timeout(wq, condition, timeout)	wait_event_timeout(wq, condition, timeout)
#define wait_event_killable_exclusive(wq, condition)	wait_event_interruptible_exclusive(wq, condition)
#define wait_event_exclusive_cmd(wq, condition, before, after)	\
	__kmem_wait_event(wq, condition, TASK_UNINTERRUPTIBLE, _exclusive, KMEM_FOR_EVER, "wait_event_exclusive_cmd", before, after)
#define wait_event_idle(wq, condition)	wait_event(wq, condition)
#define wait_event_idle_timeout(wq, condition, timeout)	wait_event_timeout(wq, condition, timeout)
#define wait_event_freezable(wq, condition)	wait_event_interruptible(wq, condition)
#define wait_event_freezable_timeout(wq, condition, timeout)	\
	wait_event_interruptible_timeout(wq, condition, timeout)
#define io_wait_event(wq, condition)	wait_event(wq, condition)

/* waits with a lock held outside the sleep only */
#define wait_event_cmd(wq, condition, before, after)	\
	(void)__kmem_wait_event(wq, condition, TASK_UNINTERRUPTIBLE, , KMEM_FOR_EVER,	\
				"wait_event_cmd(" #wq ", " #condition ")", before, after)
#define wait_event_lock_irq_cmd(wq, condition, lock, cmd)	\
	wait_event_cmd(wq, condition, spin_unlock_irq(&lock); cmd, spin_lock_irq(&lock))
#define wait_event_lock_irq(wq, condition, lock)	wait_event_lock_irq_cmd(wq, condition, lock, )
#define wait_event_interruptible_lock_irq(wq, condition, lock)	\
	({ wait_event_lock_irq(wq, condition, lock); 0; })
#define wait_event_interruptible_locked(wq, condition)	\
	({ wait_event_cmd(wq, condition, spin_unlock(&(wq).lock), spin_lock(&(wq).lock)); 0; })
#define wait_event_interruptible_hrtimeout(wq, condition, timeout) ({	\
	unsigned long long __until = kmem_clock_ns() + (timeout);	\
	might_sleep();							\
	(condition) || __kmem_wait_event(wq, condition, TASK_INTERRUPTIBLE, , __until,	\
		"wait_event_interruptible_hrtimeout(" #wq ", " #condition ")", , ) ? 0 : -ETIME; })

/* a word that is waited for */
void wake_up_var(void *var);
#define wait_var_event(var, condition) do {				\
	might_sleep();							\
	while (!(condition))						\
		kmem_wait_on((var), "wait_var_event(" #var ", " #condition ")", KMEM_FOR_EVER);	\
} while (0)
#endif
/* sleeps until kmem_wake_on of the same key; 0: the deadline came first */
int kmem_wait_on(const void *key, const char *what, unsigned long long deadline);
