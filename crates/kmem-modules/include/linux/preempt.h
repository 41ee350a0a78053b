/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Preemption off and on, and what the count says about the context. */
#pragma once
#include <linux/linkage.h>
#include <kmem/context.h>

#define PREEMPT_BITS	8
#define SOFTIRQ_BITS	8
#define HARDIRQ_BITS	4
#define PREEMPT_SHIFT	0
#define SOFTIRQ_SHIFT	8
#define HARDIRQ_SHIFT	16
#define PREEMPT_OFFSET	(1 << PREEMPT_SHIFT)
#define SOFTIRQ_OFFSET	(1 << SOFTIRQ_SHIFT)
#define HARDIRQ_OFFSET	(1 << HARDIRQ_SHIFT)
#define SOFTIRQ_DISABLE_OFFSET	(2 * SOFTIRQ_OFFSET)
#define PREEMPT_MASK	0x000000ff
#define SOFTIRQ_MASK	0x0000ff00
#define HARDIRQ_MASK	0x000f0000

void kmem_preempt_unbalanced(const char *what);

static __always_inline void kmem_preempt_up(const void *lock)
{
	kmem_note_held(lock);
	kmem_preempt_count += PREEMPT_OFFSET;
	barrier();
}

static __always_inline void kmem_preempt_down(const void *lock, const char *what)
{
	barrier();
	kmem_note_given(lock);
	if (likely(kmem_preempt_count & PREEMPT_MASK))
		kmem_preempt_count -= PREEMPT_OFFSET;
	else
		kmem_preempt_unbalanced(what);
}

#define preempt_count()	(kmem_preempt_count)
#define hardirq_count()	(preempt_count() & HARDIRQ_MASK)
#define softirq_count()	(preempt_count() & SOFTIRQ_MASK)
#define irq_count()	(preempt_count() & (HARDIRQ_MASK | SOFTIRQ_MASK))
#define in_hardirq()	(hardirq_count())
#define in_irq()	(hardirq_count())
#define in_softirq()	(softirq_count())
#define in_serving_softirq()	(softirq_count() & SOFTIRQ_OFFSET)
#define in_interrupt()	(irq_count())
#define in_task()	(!(hardirq_count() | in_serving_softirq()))
#define in_nmi()	0
#define in_atomic()	(preempt_count() != 0)
#define preemptible()	(preempt_count() == 0 && !kmem_irqs_disabled)

#define preempt_disable()	kmem_preempt_up(NULL)
#define preempt_enable()	kmem_preempt_down(NULL, "preempt_enable without preempt_disable")
#define preempt_enable_no_resched()	preempt_enable()
#define preempt_disable_notrace()	preempt_disable()
#define preempt_enable_notrace()	preempt_enable()
#define preempt_check_resched()	do { } while (0)
#define migrate_disable()	do { } while (0)
#define migrate_enable()	do { } while (0)
#define get_cpu()	({ preempt_disable(); (int)kmem_cpu; })
#define put_cpu()	preempt_enable()
