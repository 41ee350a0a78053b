/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The context as interrupt handlers see it. */
#pragma once
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/bottom_half.h>

#define irq_enter()	((void)(kmem_preempt_count += HARDIRQ_OFFSET))
#define irq_exit()	((void)(kmem_preempt_count -= HARDIRQ_OFFSET))
void synchronize_irq(unsigned int irq);
