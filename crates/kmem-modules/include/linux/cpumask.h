/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sets of CPUs. */
#pragma once
#include <linux/bitmap.h>

#define NR_CPUS	KMEM_NR_CPUS
#define nr_cpumask_bits	NR_CPUS
#define small_cpumask_bits	NR_CPUS
#define large_cpumask_bits	NR_CPUS
#define nr_cpu_ids	((unsigned int)KMEM_NR_CPUS)

typedef struct cpumask {
	DECLARE_BITMAP(bits, NR_CPUS);
} cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define CPU_MASK_NONE	((cpumask_t){ })
#define CPU_MASK_ALL	((cpumask_t){ { [0 ... BITS_TO_LONGS(NR_CPUS) - 1] = BITMAP_LAST_WORD_MASK(NR_CPUS) } })
#define CPU_MASK_CPU0	((cpumask_t){ { 1 } })
const struct cpumask *cpumask_of(unsigned int cpu);
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
#define for_each_cpu_not(cpu, mask)	for_each_clear_bit(cpu, cpumask_bits(mask), NR_CPUS)
#define cpumask_set_cpu(cpu, mask)	set_bit(cpu, cpumask_bits(mask))
#define cpumask_clear_cpu(cpu, mask)	clear_bit(cpu, cpumask_bits(mask))
#define cpumask_test_cpu(cpu, mask)	test_bit(cpu, cpumask_bits(mask))
#define cpumask_clear(mask)	bitmap_zero(cpumask_bits(mask), NR_CPUS)
#define cpumask_setall(mask)	bitmap_fill(cpumask_bits(mask), NR_CPUS)
#define cpumask_copy(dst, src)	bitmap_copy(cpumask_bits(dst), cpumask_bits(src), NR_CPUS)
#define cpumask_full(mask)	bitmap_full(cpumask_bits(mask), NR_CPUS)
#define cpumask_weight(mask)	((unsigned int)bitmap_weight(cpumask_bits(mask), NR_CPUS))
#define cpumask_empty(mask)	bitmap_empty(cpumask_bits(mask), NR_CPUS)
#define cpumask_first(mask)	((unsigned int)find_first_bit(cpumask_bits(mask), NR_CPUS))
#define cpumask_next(n, mask)	((unsigned int)find_next_bit(cpumask_bits(mask), NR_CPUS, (n) + 1))
#define alloc_cpumask_var(mask, flags)	((void)(flags), 1)
#define zalloc_cpumask_var(mask, flags)	((void)(flags), cpumask_clear(*(mask)), 1)
#define free_cpumask_var(mask)	((void)(mask))
/* all CPUs there are, which is how many come and stay */
extern const struct cpumask kmem_all_cpus;
#define cpu_possible_mask	(&kmem_all_cpus)
#define cpu_online_mask	(&kmem_all_cpus)
#define cpu_present_mask	(&kmem_all_cpus)
#define cpu_active_mask	(&kmem_all_cpus)
#define cpumask_last(mask)	((unsigned int)find_last_bit(cpumask_bits(mask), NR_CPUS))
#define cpumask_next_wrap(n, mask, start, wrap)	\
	((unsigned int)find_next_bit_wrap(cpumask_bits(mask), NR_CPUS, (n) + 1))
#define for_each_cpu_wrap(cpu, mask, start)				\
	for (unsigned int kmem_n = 0, kmem_c = (start); kmem_n < NR_CPUS; kmem_n++, kmem_c++)	\
		if (((cpu) = kmem_c % NR_CPUS), !cpumask_test_cpu(cpu, mask)) { } else
#if KMEM_ERA >= 60
#define for_each_cpu_and(cpu, a, b)	for_each_and_bit(cpu, cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define for_each_cpu_or(cpu, a, b)	for_each_or_bit(cpu, cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define for_each_cpu_andnot(cpu, a, b)	for_each_andnot_bit(cpu, cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define cpumask_and(dst, a, b)	bitmap_and(cpumask_bits(dst), cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define cpumask_or(dst, a, b)	bitmap_or(cpumask_bits(dst), cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define cpumask_andnot(dst, a, b)	bitmap_andnot(cpumask_bits(dst), cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define cpumask_equal(a, b)	bitmap_equal(cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define cpumask_intersects(a, b)	bitmap_intersects(cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define cpumask_subset(a, b)	bitmap_subset(cpumask_bits(a), cpumask_bits(b), NR_CPUS)
#define cpumask_first_and(a, b)	((unsigned int)find_first_and_bit(cpumask_bits(a), cpumask_bits(b), NR_CPUS))
#endif
#define cpumask_first_zero(mask)	((unsigned int)find_first_zero_bit(cpumask_bits(mask), NR_CPUS))
#define cpumask_next_zero(n, mask)	((unsigned int)find_next_zero_bit(cpumask_bits(mask), NR_CPUS, (n) + 1))
