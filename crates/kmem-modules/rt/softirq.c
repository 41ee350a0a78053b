/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is put off: tasklets, and callbacks that wait for readers. */
#include <linux/interrupt.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "rt.h"

static struct tasklet_struct *tasklets, **tasklets_end = &tasklets;
static struct rcu_head *callbacks, **callbacks_end = &callbacks;

static void run_tasklet(struct tasklet_struct *t)
{
	kmem_preempt_count += SOFTIRQ_OFFSET;
#if KMEM_ERA >= 60
	if (t->use_callback)
		t->callback(t);
	else
#endif
		t->func(t->data);
	kmem_preempt_count -= SOFTIRQ_OFFSET;
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

	if (offset >= PAGE_SIZE)
		head->func(head);
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
	return run_tasklets() | (preempt_count() ? 0 : run_callbacks());
}

/* for the host, between two calls into a module */
void kmem_rt_idle(void)
{
	while (kmem_run_deferred())
		;
}

void local_bh_enable(void)
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
}

/* a tasklet that is due runs before it is forgotten */
void tasklet_kill(struct tasklet_struct *t)
{
	if (in_interrupt())
		kmem_host_misuse("tasklet_kill in interrupt", t);
	while (test_bit(TASKLET_STATE_SCHED, &t->state))
		if (!run_tasklets())
			kmem_host_stuck("tasklet_kill: the tasklet is scheduled but disabled");
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
	head->func = func;
	head->next = NULL;
	*callbacks_end = head;
	callbacks_end = &head->next;
}

void kmem_synchronize_rcu(void)
{
	kmem_run_deferred();
}

void rcu_barrier(void)
{
	while (callbacks && kmem_run_deferred())
		;
}

#if KMEM_ERA >= 60
void kmem_kvfree_rcu(struct rcu_head *head, void *p)
{
	call_rcu(head, (rcu_callback_t)(unsigned long)((char *)head - (char *)p));
}

void kmem_kvfree_after_readers(const void *p)
{
	synchronize_rcu();
	kvfree(p);
}
#endif
