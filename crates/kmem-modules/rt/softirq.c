/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is put off: tasklets, and callbacks that wait for readers. */
#include <linux/interrupt.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include "rt.h"

static struct tasklet_struct *tasklets, **tasklets_end = &tasklets;
static struct rcu_head *callbacks, **callbacks_end = &callbacks;

static struct tasklet_struct *tasklet_now;

static void run_tasklet(struct tasklet_struct *t)
{
	int count = kmem_preempt_count, irqs = kmem_irqs_disabled;
	unsigned int held = kmem_held_now();

	kmem_host_unhold(KMEM_HOLD_TASKLET, t);
	tasklet_now = t;
	kmem_preempt_count += SOFTIRQ_OFFSET;
#if KMEM_ERA >= 60
	if (t->use_callback)
		t->callback(t);
	else
#endif
		t->func(t->data);
	kmem_check_held("a tasklet's function", t->func, count + SOFTIRQ_OFFSET, irqs, held);
	kmem_preempt_count = count;
	tasklet_now = NULL;
}

/* each once; a disabled one waits on */
static int run_tasklets(void)
{
	struct tasklet_struct *t = tasklets, *next;
	int ran = 0;

	tasklets = NULL;
	tasklets_end = &tasklets;
	for (; t; t = next) {
		next = t->next;
		t->next = NULL;
		if (atomic_read(&t->count)) {
			*tasklets_end = t;
			tasklets_end = &t->next;
			continue;
		}
		clear_bit(TASKLET_STATE_SCHED, &t->state);
		run_tasklet(t);
		ran = 1;
	}
	return ran;
}

/* a small number instead of a function: how far the head lies inside an object that is to be freed */
static void run_callback(struct rcu_head *head)
{
	unsigned long offset = (unsigned long)head->func;

	if (offset >= PAGE_SIZE) {
		kmem_host_unhold(KMEM_HOLD_RCU, head);
		head->func(head);
	}
#if KMEM_ERA >= 60
	else
		kvfree((char *)head - offset);
#endif
}

static int run_callbacks(void)
{
	struct rcu_head *head = callbacks, *next;
	int ran = 0;

	callbacks = NULL;
	callbacks_end = &callbacks;
	for (; head; head = next) {
		next = head->next;
		kmem_preempt_count += SOFTIRQ_OFFSET;
		run_callback(head);
		kmem_preempt_count -= SOFTIRQ_OFFSET;
		ran = 1;
	}
	return ran;
}

int kmem_run_deferred(void)
{
	if (softirq_count() || hardirq_count() || kmem_irqs_disabled)
		return 0;
	return run_tasklets() | (preempt_count() || kmem_others_read() ? 0 : run_callbacks());
}

void kmem_bh_enable(void)
{
	if (softirq_count() < SOFTIRQ_DISABLE_OFFSET) {
		kmem_preempt_unbalanced("local_bh_enable without local_bh_disable");
		return;
	}
	kmem_preempt_count -= SOFTIRQ_DISABLE_OFFSET;
	if (!softirq_count() && !hardirq_count() && !kmem_irqs_disabled)
		run_tasklets();
}

void tasklet_schedule(struct tasklet_struct *t)
{
	if (test_and_set_bit(TASKLET_STATE_SCHED, &t->state))
		return;
	t->next = NULL;
	*tasklets_end = t;
	tasklets_end = &t->next;
	kmem_host_hold(KMEM_HOLD_TASKLET, t, NULL, t->func);
}

/* a tasklet that is due runs before it is forgotten */
void tasklet_kill(struct tasklet_struct *t)
{
	if (in_interrupt())
		kmem_host_misuse("tasklet_kill in interrupt", t);
	while (test_bit(TASKLET_STATE_SCHED, &t->state))
		if (!run_tasklets())
			kmem_wait_on(t, "tasklet_kill(): the tasklet is scheduled but disabled", KMEM_NEVER);
}

void tasklet_enable(struct tasklet_struct *t)
{
	if (atomic_read(&t->count) <= 0)
		kmem_host_misuse("tasklet_enable without tasklet_disable", t);
	else if (atomic_dec_and_test(&t->count))
		kmem_wake_on(t);
}

void tasklet_init(struct tasklet_struct *t, void (*fn)(unsigned long), unsigned long data)
{
	*t = (struct tasklet_struct){ .func = fn, .data = data };
}

#if KMEM_ERA >= 60
void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *))
{
	*t = (struct tasklet_struct){ .use_callback = true, .callback = callback };
}
#endif

void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	struct rcu_head *other;

	for (other = callbacks; other; other = other->next) {
		if (other == head) {
			kmem_host_misuse("call_rcu: this head waits already: its object would be freed twice", head);
			return;
		}
	}
	head->func = func;
	head->next = NULL;
	*callbacks_end = head;
	callbacks_end = &head->next;
	if ((unsigned long)func >= PAGE_SIZE)
		kmem_host_hold(KMEM_HOLD_RCU, head, NULL, func);
}

/* A grace period: everybody else has had the CPU, and nobody has slept inside a read section. */
void kmem_synchronize_rcu(void)
{
	if (kmem_rcu_depth)
		kmem_host_stuck("synchronize_rcu() inside rcu_read_lock() waits for itself");
	kmem_yield();
	while (kmem_others_read())
		kmem_sleep_until(kmem_clock_peek() + 1000000, "synchronize_rcu()");
}

void kmem_rcu_barrier(void)
{
	struct rcu_head *head = callbacks, *last = NULL;
	u64 rounds = 0;

	for (; head; head = head->next)
		last = head;
	while (last) {
		int there = 0;

		kmem_run_deferred();
		for (head = callbacks; head; head = head->next)
			there |= head == last;
		if (!there)
			break;
		if (++rounds > 1000000)
			kmem_host_stuck("rcu_barrier(): a task sleeps inside rcu_read_lock()");
		kmem_sleep_until(kmem_clock_peek() + 1000000, "rcu_barrier()");
	}
}

#if KMEM_ERA >= 60
/* domains of their own */

int init_srcu_struct(struct srcu_struct *ssp)
{
	memset(ssp, 0, sizeof(*ssp));
	return 0;
}

int srcu_read_lock(struct srcu_struct *ssp)
{
	ssp->kmem_readers[ssp->kmem_now]++;
	return ssp->kmem_now;
}

static void run_srcu_callbacks(struct srcu_struct *ssp)
{
	struct rcu_head *head, *next;

	if (ssp->kmem_readers[0] || ssp->kmem_readers[1])
		return;
	head = ssp->kmem_callbacks;
	ssp->kmem_callbacks = NULL;
	for (; head; head = next) {
		next = head->next;
		kmem_host_unhold(KMEM_HOLD_RCU, head);
		head->func(head);
	}
}

void srcu_read_unlock(struct srcu_struct *ssp, int idx)
{
	if (idx < 0 || idx > 1 || !ssp->kmem_readers[idx]) {
		kmem_host_misuse("srcu_read_unlock without srcu_read_lock, or with another index", ssp);
		return;
	}
	if (!--ssp->kmem_readers[idx]) {
		run_srcu_callbacks(ssp);
		kmem_wake_on(ssp);
	}
}

void kmem_synchronize_srcu(struct srcu_struct *ssp)
{
	int old = ssp->kmem_now;

	kmem_yield();
	ssp->kmem_now = !old;
	while (ssp->kmem_readers[old])
		kmem_wait_on(ssp, "synchronize_srcu()", KMEM_NEVER);
	run_srcu_callbacks(ssp);
}

void call_srcu(struct srcu_struct *ssp, struct rcu_head *head, rcu_callback_t func)
{
	head->func = func;
	head->next = ssp->kmem_callbacks;
	ssp->kmem_callbacks = head;
	kmem_host_hold(KMEM_HOLD_RCU, head, NULL, func);
}

void kmem_srcu_barrier(struct srcu_struct *ssp)
{
	while (ssp->kmem_readers[0] || ssp->kmem_readers[1])
		kmem_wait_on(ssp, "srcu_barrier()", KMEM_NEVER);
	run_srcu_callbacks(ssp);
}

void cleanup_srcu_struct(struct srcu_struct *ssp)
{
	if (ssp->kmem_readers[0] || ssp->kmem_readers[1])
		kmem_host_misuse("cleanup_srcu_struct: somebody still reads", ssp);
	if (ssp->kmem_callbacks)
		kmem_host_misuse("cleanup_srcu_struct: callbacks still wait; srcu_barrier() comes first", ssp);
}
#endif

#if KMEM_ERA >= 60
void kmem_kvfree_rcu(struct rcu_head *head, void *p)
{
	call_rcu(head, (rcu_callback_t)(unsigned long)((char *)head - (char *)p));
}

void kvfree_rcu_barrier(void)
{
	kmem_rcu_barrier();
}

void kmem_kvfree_after_readers(const void *p)
{
	synchronize_rcu();
	kvfree(p);
}
#endif
