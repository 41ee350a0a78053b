/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The CPUs: code runs on number 0. */
#pragma once
#include <linux/preempt.h>
#include <linux/cpumask.h>

#define smp_processor_id()	0
#define raw_smp_processor_id()	0
#define __smp_processor_id()	0
#define on_each_cpu(func, info, wait...)	((func)(info), 0)
#define smp_call_function_single(cpu, func, info, wait)	((func)(info), 0)
