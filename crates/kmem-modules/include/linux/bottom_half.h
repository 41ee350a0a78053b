/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Soft interrupts off and on. */
#pragma once
#include <linux/preempt.h>

void local_bh_enable(void);

#define local_bh_disable()	((void)(kmem_preempt_count += SOFTIRQ_DISABLE_OFFSET))
#define __local_bh_enable()	local_bh_enable()
#define _local_bh_enable()	local_bh_enable()
