/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The scheduler's clock. */
#pragma once
#include <linux/ktime.h>

#define sched_clock()	((unsigned long long)ktime_get_ns())
#define local_clock()	sched_clock()
#define cpu_clock(cpu)	((void)(cpu), sched_clock())
