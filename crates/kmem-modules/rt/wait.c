/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Wait queues and completions. */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sprintf.h>
#include <linux/wait.h>
#include "rt.h"

#define WQ_FLAG_WOKEN	0x02

static void enqueue(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	if (!wq->kmem_wait_list.next) {
		kmem_host_misuse("the wait queue was never initialised", wq);
		init_waitqueue_head(wq);
	}
	if (entry->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&entry->kmem_wait_link, &wq->kmem_wait_list);
	else
		list_add(&entry->kmem_wait_link, &wq->kmem_wait_list);
}

void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	enqueue(wq, entry);
}

void add_wait_queue_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	enqueue(wq, entry);
}

void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	list_del(&entry->kmem_wait_link);
}

static void prepare(wait_queue_head_t *wq, struct wait_queue_entry *entry, int state)
{
	if (list_empty(&entry->kmem_wait_link))
		enqueue(wq, entry);
	set_current_state(state);
}

void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry, int state)
{
	entry->flags &= ~WQ_FLAG_EXCLUSIVE;
	prepare(wq, entry, state);
}

void prepare_to_wait_exclusive(wait_queue_head_t *wq, struct wait_queue_entry *entry, int state)
{
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	prepare(wq, entry, state);
}

void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
	set_current_state(TASK_RUNNING);
	if (!list_empty(&entry->kmem_wait_link))
		list_del_init(&entry->kmem_wait_link);
}

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	return entry->kmem_wait_task && kmem_try_to_wake_up(entry->kmem_wait_task, mode);
}

int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	int woken = default_wake_function(entry, mode, flags, key);

	if (woken)
		list_del_init(&entry->kmem_wait_link);
	return woken;
}

int woken_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	entry->flags |= WQ_FLAG_WOKEN;
	return default_wake_function(entry, mode, flags, key);
}

long wait_woken(struct wait_queue_entry *entry, unsigned int mode, long timeout)
{
	set_current_state(mode);
	if (!(entry->flags & WQ_FLAG_WOKEN))
		timeout = kmem_schedule_timeout(timeout);
	set_current_state(TASK_RUNNING);
	entry->flags &= ~WQ_FLAG_WOKEN;
	return timeout;
}

/* nr exclusive waiters at most, 0: all */
void __wake_up(wait_queue_head_t *wq, unsigned int mode, int nr, void *key)
{
	struct wait_queue_entry *entry, *next;

	if (!wq->kmem_wait_list.next) {
		kmem_host_misuse("wake_up: the wait queue was never initialised", wq);
		init_waitqueue_head(wq);
	}
	list_for_each_entry_safe(entry, next, &wq->kmem_wait_list, kmem_wait_link) {
		unsigned int flags = entry->flags;

		if (entry->func(entry, mode, 0, key) && (flags & WQ_FLAG_EXCLUSIVE) && !--nr)
			break;
	}
}

int kmem_wait(const char *what, unsigned long long deadline)
{
	return kmem_block(what, deadline);
}

#if KMEM_ERA >= 60
void wake_up_var(void *var)
{
	kmem_wake_on(var);
}
#endif

unsigned long long kmem_deadline(long timeout)
{
	u64 now = kmem_clock_peek();

	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return KMEM_NEVER;
	return timeout > 0 ? (div_u64(now, TICK_NSEC) + timeout) * TICK_NSEC : now;
}

/* in jiffies, at least 1 */
long kmem_time_left(unsigned long long deadline)
{
	u64 now = kmem_clock_peek();
	u64 left = deadline > now ? div_u64(deadline - now + TICK_NSEC - 1, TICK_NSEC) : 0;

	return left > LONG_MAX ? LONG_MAX : left ? left : 1;
}

long kmem_schedule_timeout(long timeout)
{
	u64 deadline = kmem_deadline(timeout);
	int in_time;

	if (timeout < 0) {
		printk(KERN_ERR "schedule_timeout: wrong timeout value %lx\n", timeout);
		set_current_state(TASK_RUNNING);
		return 0;
	}
	in_time = kmem_block("schedule_timeout()", deadline);
	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return timeout;
	return in_time && kmem_clock_peek() < deadline ? kmem_time_left(deadline) : 0;
}

#define COMPLETED_FOR_ALL	UINT_MAX

void complete(struct completion *x)
{
	if (x->done != COMPLETED_FOR_ALL)
		x->done++;
	wake_up(&x->wait);
}

void complete_all(struct completion *x)
{
	x->done = COMPLETED_FOR_ALL;
	wake_up_all(&x->wait);
}

int try_wait_for_completion(struct completion *x)
{
	if (!x->done)
		return 0;
	if (x->done != COMPLETED_FOR_ALL)
		x->done--;
	return 1;
}

int completion_done(struct completion *x)
{
	return x->done != 0;
}

static unsigned long wait_until(struct completion *x, u64 deadline, const char *what)
{
	DEFINE_WAIT(me);
	int done, in_time = 1;

	for (;;) {
		prepare_to_wait_exclusive(&x->wait, &me, TASK_UNINTERRUPTIBLE);
		done = try_wait_for_completion(x);
		if (done || !in_time)
			break;
		in_time = kmem_block(what, deadline);
	}
	finish_wait(&x->wait, &me);
	return done;
}

void kmem_wait_for_completion(struct completion *x)
{
	wait_until(x, KMEM_NEVER, "wait_for_completion()");
}

unsigned long kmem_wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	u64 deadline = kmem_deadline(timeout > LONG_MAX ? LONG_MAX : timeout);

	return wait_until(x, deadline, "wait_for_completion_timeout()") ? kmem_time_left(deadline) : 0;
}
