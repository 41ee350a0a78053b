/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sets of CPUs. */
#pragma once
#include <linux/bitmap.h>

#define NR_CPUS	KMEM_NR_CPUS
#define nr_cpu_ids	((unsigned int)KMEM_NR_CPUS)

typedef struct cpumask {
	DECLARE_BITMAP(bits, NR_CPUS);
} cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define cpumask_bits(mask)	((mask)->bits)
#define num_online_cpus()	((unsigned int)KMEM_NR_CPUS)
#define num_possible_cpus()	((unsigned int)KMEM_NR_CPUS)
#define num_present_cpus()	((unsigned int)KMEM_NR_CPUS)
#define num_active_cpus()	((unsigned int)KMEM_NR_CPUS)
#define cpu_online(cpu)	((unsigned int)(cpu) < KMEM_NR_CPUS)
#define cpu_possible(cpu)	cpu_online(cpu)
#define cpu_present(cpu)	cpu_online(cpu)
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < KMEM_NR_CPUS; (cpu)++)
#define for_each_online_cpu(cpu)	for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu)	for_each_possible_cpu(cpu)
#define for_each_cpu(cpu, mask)	for_each_set_bit(cpu, cpumask_bits(mask), NR_CPUS)
#define cpumask_set_cpu(cpu, mask)	set_bit(cpu, cpumask_bits(mask))
#define cpumask_clear_cpu(cpu, mask)	clear_bit(cpu, cpumask_bits(mask))
#define cpumask_test_cpu(cpu, mask)	test_bit(cpu, cpumask_bits(mask))
#define cpumask_clear(mask)	bitmap_zero(cpumask_bits(mask), NR_CPUS)
#define cpumask_setall(mask)	bitmap_fill(cpumask_bits(mask), NR_CPUS)
#define cpumask_copy(dst, src)	bitmap_copy(cpumask_bits(dst), cpumask_bits(src), NR_CPUS)
#define cpumask_weight(mask)	((unsigned int)bitmap_weight(cpumask_bits(mask), NR_CPUS))
#define cpumask_empty(mask)	bitmap_empty(cpumask_bits(mask), NR_CPUS)
#define cpumask_first(mask)	((unsigned int)find_first_bit(cpumask_bits(mask), NR_CPUS))
#define cpumask_next(n, mask)	((unsigned int)find_next_bit(cpumask_bits(mask), NR_CPUS, (n) + 1))
#define alloc_cpumask_var(mask, flags)	((void)(flags), 1)
#define zalloc_cpumask_var(mask, flags)	((void)(flags), cpumask_clear(*(mask)), 1)
#define free_cpumask_var(mask)	((void)(mask))
