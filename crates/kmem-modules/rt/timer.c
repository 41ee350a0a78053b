/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers, kept in the order in which they go off, and the time that passes until they do. */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/timer.h>
#include "rt.h"

static struct hlist_head pending;

/* when a timer goes off, on the clock; 0 if that is past */
static u64 due_ns(const struct timer_list *timer)
{
	long ticks = timer->expires - jiffies;

	if (ticks <= 0)
		return 0;
	return (div_u64(kmem_clock_ns(), TICK_NSEC) + ticks) * TICK_NSEC;
}

static struct timer_list *first_timer(void)
{
	return pending.first ? hlist_entry(pending.first, struct timer_list, entry) : NULL;
}

static void queue(struct timer_list *timer)
{
	struct hlist_node *at, *before = NULL;

	hlist_for_each(at, &pending) {
		struct timer_list *other = hlist_entry(at, struct timer_list, entry);

		if (time_before(timer->expires, other->expires))
			break;
		before = at;
	}
	if (before)
		hlist_add_behind(&timer->entry, before);
	else
		hlist_add_head(&timer->entry, &pending);
}

/* timers run as a soft interrupt does */
static void go_off(struct timer_list *timer)
{
	int count = kmem_preempt_count;

	hlist_del_init(&timer->entry);
	kmem_preempt_count += SOFTIRQ_OFFSET;
#if KMEM_ERA >= 60
	timer->function(timer);
#else
	timer->function(timer->data);
#endif
	if (kmem_preempt_count != count + SOFTIRQ_OFFSET)
		kmem_host_misuse("a timer's function left preemption unbalanced", timer);
	kmem_preempt_count = count;
}

/* lets the clock come to ns; what is due on the way goes off if this context can be interrupted */
static void pass_until(u64 ns)
{
	struct timer_list *timer;

	while (!kmem_irqs_disabled && !softirq_count() &&
	       (timer = first_timer()) && due_ns(timer) <= ns) {
		kmem_clock_reach(due_ns(timer));
		go_off(timer);
	}
	kmem_clock_reach(ns);
}

void kmem_delay(u64 ns)
{
	pass_until(kmem_clock_ns() + ns);
}

void kmem_sleep(u64 ns)
{
	u64 end = kmem_clock_ns() + ns;

	kmem_run_deferred();
	pass_until(end);
	kmem_run_deferred();
}

/* the host's way to let a pause between two operations pass */
void kmem_rt_sleep(unsigned long long ns)
{
	kmem_sleep(ns);
}

void cpu_relax(void)
{
	kmem_delay(1000);
}

int kmem_run_next_until(u64 deadline)
{
	struct timer_list *timer = first_timer();

	if (kmem_run_deferred())
		return 1;
	if (timer && due_ns(timer) <= deadline) {
		kmem_clock_reach(due_ns(timer));
		go_off(timer);
		return 1;
	}
	return 0;
}

int kmem_run_next(void)
{
	return kmem_run_next_until(KMEM_NEVER);
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	int was = timer_pending(timer);

	if (!timer->function) {
		kmem_host_misuse("mod_timer: the timer was never set up", timer);
		return 0;
	}
	hlist_del_init(&timer->entry);
	timer->expires = expires;
	queue(timer);
	return was;
}

void add_timer(struct timer_list *timer)
{
	BUG_ON(timer_pending(timer));
	mod_timer(timer, timer->expires);
}

static int forget(struct timer_list *timer)
{
	int was = timer_pending(timer);

	hlist_del_init(&timer->entry);
	return was;
}

#if KMEM_ERA >= 60
int timer_delete(struct timer_list *timer)
{
	return forget(timer);
}

int timer_delete_sync(struct timer_list *timer)
{
	return forget(timer);
}

int timer_shutdown_sync(struct timer_list *timer)
{
	int was = forget(timer);

	timer->function = NULL;
	return was;
}

int timer_reduce(struct timer_list *timer, unsigned long expires)
{
	if (timer_pending(timer) && time_before_eq(timer->expires, expires))
		return 1;
	return mod_timer(timer, expires);
}
#else
int del_timer(struct timer_list *timer)
{
	return forget(timer);
}

int del_timer_sync(struct timer_list *timer)
{
	return forget(timer);
}
#endif

void kmem_timer_left(struct kmem_left *left)
{
	struct hlist_node *at;
	char name[100];

	hlist_for_each(at, &pending) {
		struct timer_list *timer = hlist_entry(at, struct timer_list, entry);

		kmem_host_symbol((unsigned long)timer->function, name, sizeof(name), 0);
		kmem_left(left, "timer %s", name);
	}
}
