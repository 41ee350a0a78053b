/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The CPUs: which one runs, and functions that are to run on others. */
#pragma once
#include <linux/preempt.h>
#include <linux/cpumask.h>

#define smp_processor_id()	((int)kmem_cpu)
#define raw_smp_processor_id()	((int)kmem_cpu)
#define __smp_processor_id()	((int)kmem_cpu)

/* runs it as an interrupt on each CPU of a set, in turn; a negative number: on all others */
int kmem_call_on(const struct cpumask *mask, int but_this, void (*func)(void *info), void *info);
int kmem_call_on_one(int cpu, void (*func)(void *info), void *info);
#if KMEM_ERA >= 60
typedef void (*smp_call_func_t)(void *info);
#define on_each_cpu(func, info, wait)	((void)(wait), kmem_call_on(NULL, 0, (func), (info)))
#define on_each_cpu_mask(mask, func, info, wait)	((void)(wait), (void)kmem_call_on((mask), 0, (func), (info)))
#define smp_call_function(func, info, wait)	((void)(wait), kmem_call_on(NULL, 1, (func), (info)))
#define smp_call_function_many(mask, func, info, wait)	((void)(wait), (void)kmem_call_on((mask), 1, (func), (info)))
#define smp_call_function_single(cpu, func, info, wait)	((void)(wait), kmem_call_on_one((cpu), (func), (info)))
#else
#define on_each_cpu(func, info, retry, wait)	\
	((void)(retry), (void)(wait), kmem_call_on(NULL, 0, (func), (info)))
#define smp_call_function(func, info, retry, wait)	\
	((void)(retry), (void)(wait), kmem_call_on(NULL, 1, (func), (info)))
#define smp_call_function_single(cpu, func, info, retry, wait)	\
	((void)(retry), (void)(wait), kmem_call_on_one((cpu), (func), (info)))
#endif
