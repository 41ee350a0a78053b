/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting: the only thread lets everything else happen until it is woken, and is stuck when nothing is left. */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sprintf.h>
#include <linux/wait.h>
#include "rt.h"

static void enqueue(wait_queue_head_t *wq, struct wait_queue_entry *entry)
{
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
	list_add_tail(&entry->kmem_wait_link, &wq->kmem_wait_list);
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
	return wake_up_process(current);
}

int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	int woken = default_wake_function(entry, mode, flags, key);

	if (woken)
		list_del_init(&entry->kmem_wait_link);
	return woken;
}

/* nr exclusive waiters at most, 0: all */
void __wake_up(wait_queue_head_t *wq, unsigned int mode, int nr, void *key)
{
	struct wait_queue_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &wq->kmem_wait_list, kmem_wait_link) {
		unsigned int flags = entry->flags;

		if (entry->func(entry, mode, 0, key) && (flags & WQ_FLAG_EXCLUSIVE) && !--nr)
			break;
	}
}

int wake_up_process(struct task_struct *task)
{
	int slept = task->kmem_task_state != TASK_RUNNING;

	set_task_state(task, TASK_RUNNING);
	return slept;
}

void kmem_schedule(void)
{
	while (get_current_state() != TASK_RUNNING)
		if (!kmem_run_next())
			kmem_host_stuck("schedule: nothing is left that could wake this task");
}

unsigned long long kmem_deadline(long timeout)
{
	u64 now = kmem_clock_ns();

	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return KMEM_NEVER;
	return timeout > 0 ? (div_u64(now, TICK_NSEC) + timeout) * TICK_NSEC : now;
}

/* in jiffies, at least 1 */
long kmem_time_left(unsigned long long deadline)
{
	u64 now = kmem_clock_ns();
	u64 left = deadline > now ? div_u64(deadline - now + TICK_NSEC - 1, TICK_NSEC) : 0;

	return left > LONG_MAX ? LONG_MAX : left ? left : 1;
}

long kmem_schedule_timeout(long timeout)
{
	u64 deadline = kmem_deadline(timeout);

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		kmem_schedule();
		return timeout;
	}
	while (get_current_state() != TASK_RUNNING && kmem_run_next_until(deadline))
		;
	if (get_current_state() == TASK_RUNNING)
		return kmem_time_left(deadline);
	kmem_clock_reach(deadline);
	set_current_state(TASK_RUNNING);
	return 0;
}

static int wait_once(wait_queue_head_t *wq, u64 deadline)
{
	DEFINE_WAIT(me);
	int ran;

	prepare_to_wait(wq, &me, TASK_UNINTERRUPTIBLE);
	ran = kmem_run_next_until(deadline);
	finish_wait(wq, &me);
	return ran;
}

void kmem_wait(wait_queue_head_t *wq, const char *what)
{
	static char text[200];

	if (wait_once(wq, KMEM_NEVER))
		return;
	scnprintf(text, sizeof(text), "%s: nothing is left that could make it true", what);
	kmem_host_stuck(text);
}

int kmem_wait_until(wait_queue_head_t *wq, unsigned long long deadline)
{
	if (wait_once(wq, deadline))
		return 1;
	kmem_clock_reach(deadline);
	return 0;
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

void kmem_wait_for_completion(struct completion *x)
{
	while (!try_wait_for_completion(x))
		kmem_wait(&x->wait, "wait_for_completion");
}

unsigned long kmem_wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	u64 deadline = kmem_deadline(timeout);

	do {
		if (try_wait_for_completion(x))
			return kmem_time_left(deadline);
	} while (kmem_wait_until(&x->wait, deadline));
	return 0;
}
