/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a busy loop says to the CPU: time passes, timers may go off. */
#pragma once
#include <asm/cpufeature.h>
#include <linux/types.h>

void cpu_relax(void);
#define cpu_relax_lowlatency()	cpu_relax()
#define rep_nop()	cpu_relax()
#define TASK_SIZE	((unsigned long)KMEM_TASK_SIZE)
