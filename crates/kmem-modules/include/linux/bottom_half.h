/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Soft interrupts off and on. */
#pragma once
#include <linux/preempt.h>

void kmem_bh_enable(void);

static __always_inline void kmem_bh_down(const void *lock)
{
	kmem_note_held(lock);
	kmem_preempt_count += SOFTIRQ_DISABLE_OFFSET;
}

static __always_inline void kmem_bh_up(const void *lock)
{
	kmem_note_given(lock);
	kmem_bh_enable();
}

#define local_bh_disable()	kmem_bh_down(&kmem_held_bh)
#define local_bh_enable()	kmem_bh_up(&kmem_held_bh)
#define __local_bh_enable()	local_bh_enable()
#define _local_bh_enable()	local_bh_enable()
