/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A counter of cycles: nanoseconds here. */
#pragma once
#include <linux/ktime.h>

typedef unsigned long long cycles_t;
#define get_cycles()	((cycles_t)kmem_clock_ns())
#define random_get_entropy()	((unsigned long)get_cycles())
