/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Timers of ticks and of nanoseconds, each kind kept in the order in which they go off.  They do when the clock has come
 * to them and this context can be interrupted: in a sleep, a delay, a busy loop, a look at the clock.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "rt.h"

static struct hlist_head pending;
static struct timer_list *running;

static unsigned long ticks_now(void)
{
	return (unsigned long)kmem_jiffies_peek();
}

/* when a timer goes off, on the clock; 0 if that is past */
static u64 due_ns(const struct timer_list *timer)
{
	long ticks = timer->expires - ticks_now();

	if (ticks <= 0)
		return 0;
	return (div_u64(kmem_clock_peek(), TICK_NSEC) + ticks) * TICK_NSEC;
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

/* the timer of a work is the work's affair */
static int is_of_work(const struct timer_list *timer)
{
#if KMEM_ERA >= 60
	return (void *)timer->function == (void *)delayed_work_timer_fn;
#else
	return timer->function == kmem_delayed_work_timer;
#endif
}

/* timers run as a soft interrupt does */
static void go_off(struct timer_list *timer)
{
	struct timer_list *outer = running;
	int count = kmem_preempt_count, irqs = kmem_irqs_disabled;
	unsigned int held = kmem_held_now();
	void *function = timer->function;

	kmem_timer_forget(timer);
	running = timer;
	kmem_preempt_count += SOFTIRQ_OFFSET;
#ifdef KMEM_TIMER_HAS_DATA
	timer->function(timer->data);
#else
	timer->function(timer);
#endif
	kmem_check_held("a timer's function", function, count + SOFTIRQ_OFFSET, irqs, held);
	kmem_preempt_count = count;
	running = outer;
}

#if KMEM_ERA >= 60
static LIST_HEAD(hrtimers);

static u64 hr_due_ns(const struct hrtimer *timer)
{
	s64 expires = timer->kmem_expires;

	if (timer->kmem_clock == CLOCK_REALTIME)
		expires -= (s64)(kmem_wall_clock_peek() - kmem_clock_peek());
	return expires < 0 ? 0 : expires;
}

static struct hrtimer *first_hrtimer(void)
{
	return list_first_entry_or_null(&hrtimers, struct hrtimer, kmem_list);
}

static void hr_queue(struct hrtimer *timer)
{
	struct hrtimer *other;

	list_for_each_entry(other, &hrtimers, kmem_list)
		if (hr_due_ns(timer) < hr_due_ns(other))
			break;
	list_add_tail(&timer->kmem_list, &other->kmem_list);
	timer->kmem_queued = 1;
	kmem_host_hold(KMEM_HOLD_HRTIMER, timer, NULL, timer->function);
}

static int hr_forget(struct hrtimer *timer)
{
	if (!timer->kmem_queued)
		return 0;
	list_del(&timer->kmem_list);
	timer->kmem_queued = 0;
	kmem_host_unhold(KMEM_HOLD_HRTIMER, timer);
	return 1;
}

/* in hard interrupt context, unless it asked for a soft one */
static void hr_go_off(struct hrtimer *timer)
{
	int count = kmem_preempt_count, irqs = kmem_irqs_disabled;
	unsigned int held = kmem_held_now();
	enum hrtimer_restart again;
	void *function = timer->function;

	hr_forget(timer);
	timer->kmem_running = 1;
	kmem_preempt_count += timer->kmem_soft ? SOFTIRQ_OFFSET : HARDIRQ_OFFSET;
	kmem_irqs_disabled = !timer->kmem_soft;
	again = timer->function(timer);
	kmem_check_held("an hrtimer's function", function,
			count + (timer->kmem_soft ? SOFTIRQ_OFFSET : HARDIRQ_OFFSET), !timer->kmem_soft, held);
	kmem_preempt_count = count;
	kmem_irqs_disabled = irqs;
	timer->kmem_running = 0;
	if (again != HRTIMER_RESTART || timer->kmem_queued)
		return;
	if (hr_due_ns(timer) <= kmem_clock_peek()) {
		kmem_host_misuse_in("an hrtimer restarts itself without hrtimer_forward(): it would go off for ever",
				    timer->function);
		return;
	}
	hr_queue(timer);
}

static ktime_t monotonic_time(void)
{
	return ktime_get();
}

static ktime_t wall_time(void)
{
	return ktime_get_real();
}

void hrtimer_init(struct hrtimer *timer, int clock, enum hrtimer_mode mode)
{
	static struct hrtimer_clock_base monotonic = { monotonic_time }, wall = { wall_time };

	memset(timer, 0, sizeof(*timer));
	timer->base = clock == CLOCK_REALTIME ? &wall : &monotonic;
	timer->kmem_clock = clock;
	timer->kmem_soft = !!(mode & HRTIMER_MODE_SOFT);
}

void hrtimer_start(struct hrtimer *timer, ktime_t when, enum hrtimer_mode mode)
{
	if (!timer->function) {
		kmem_host_misuse("hrtimer_start: the timer has no function", timer);
		return;
	}
	hr_forget(timer);
	timer->kmem_expires = when;
	if (mode & HRTIMER_MODE_REL)
		timer->kmem_expires += timer->kmem_clock == CLOCK_REALTIME ? kmem_wall_clock_peek() : kmem_clock_peek();
	timer->kmem_soft = !!(mode & HRTIMER_MODE_SOFT) || timer->kmem_soft;
	hr_queue(timer);
}

int hrtimer_try_to_cancel(struct hrtimer *timer)
{
	return timer->kmem_running ? -1 : hr_forget(timer);
}

int hrtimer_cancel(struct hrtimer *timer)
{
	if (timer->kmem_running)
		kmem_host_stuck("hrtimer_cancel() from the timer's own function waits for itself");
	return hr_forget(timer);
}

u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval)
{
	s64 late = now - timer->kmem_expires;
	u64 steps;

	if (late < 0 || interval <= 0)
		return 0;
	steps = div64_u64(late, interval) + 1;
	timer->kmem_expires += steps * interval;
	return steps;
}

ktime_t hrtimer_get_remaining(const struct hrtimer *timer)
{
	return (s64)(hr_due_ns(timer) - kmem_clock_peek());
}

int schedule_hrtimeout(ktime_t *expires, const enum hrtimer_mode mode)
{
	u64 end = KMEM_NEVER;

	if (expires)
		end = *expires + (mode & HRTIMER_MODE_REL ? kmem_clock_peek() : 0);
	return kmem_block("schedule_hrtimeout()", end) ? -EINTR : 0;
}
#endif

u64 kmem_timer_next(void)
{
	u64 next = first_timer() ? due_ns(first_timer()) : KMEM_NEVER;

#if KMEM_ERA >= 60
	if (first_hrtimer())
		next = min(next, hr_due_ns(first_hrtimer()));
#endif
	return next;
}

void kmem_timers_run(void)
{
	if (kmem_irqs_disabled || irq_count())
		return;
	for (;;) {
		struct timer_list *timer = first_timer();
		u64 due = timer ? due_ns(timer) : KMEM_NEVER;

#if KMEM_ERA >= 60
		struct hrtimer *hr = first_hrtimer();

		if (hr && hr_due_ns(hr) <= min(due, kmem_clock_peek())) {
			hr_go_off(hr);
			continue;
		}
#endif
		if (due > kmem_clock_peek())
			return;
		go_off(timer);
	}
}

/* lets the clock come to ns; what is due on the way goes off if this context can be interrupted */
void kmem_delay(u64 ns)
{
	u64 end = kmem_clock_peek() + ns;

	while (!kmem_irqs_disabled && !irq_count() && kmem_timer_next() <= end) {
		kmem_clock_reach(kmem_timer_next());
		kmem_timers_run();
	}
	kmem_clock_reach(end);
}

/* A busy loop: time passes, and where this task may be left, others run. */
void cpu_relax(void)
{
	kmem_delay(1000);
	if (preemptible() && kmem_others_can_run())
		kmem_yield();
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
	if (!is_of_work(timer))
		kmem_host_hold(KMEM_HOLD_TIMER, timer, NULL, timer->function);
	return was;
}

void add_timer(struct timer_list *timer)
{
	BUG_ON(timer_pending(timer));
	mod_timer(timer, timer->expires);
}

int kmem_timer_forget(struct timer_list *timer)
{
	int was = timer_pending(timer);

	if (was && !is_of_work(timer))
		kmem_host_unhold(KMEM_HOLD_TIMER, timer);
	hlist_del_init(&timer->entry);
	return was;
}

static int forget_and_wait(struct timer_list *timer)
{
	if (running == timer)
		kmem_host_stuck("del_timer_sync() from the timer's own function waits for itself");
	if (in_hardirq())
		kmem_host_misuse("del_timer_sync() in an interrupt handler", timer);
	return kmem_timer_forget(timer);
}

#if KMEM_ERA >= 60
int timer_delete(struct timer_list *timer)
{
	return kmem_timer_forget(timer);
}

int timer_delete_sync(struct timer_list *timer)
{
	return forget_and_wait(timer);
}

int timer_shutdown_sync(struct timer_list *timer)
{
	int was = forget_and_wait(timer);

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
	return kmem_timer_forget(timer);
}

int del_timer_sync(struct timer_list *timer)
{
	return forget_and_wait(timer);
}
#endif
