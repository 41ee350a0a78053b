/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What each CPU has of its own, calls to all of them, callbacks for them, and a chain of notifiers. */
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/smp.h>

static DEFINE_PER_CPU(int, counter) = 7;
static int __percpu *dynamic;
static int called, came, went, order, seen[2];
static BLOCKING_NOTIFIER_HEAD(chain);

static void on_cpu(void *info)
{
	this_cpu_add(counter, smp_processor_id());
	*this_cpu_ptr(dynamic) += *(int *)info;
	called++;
}

static int come(unsigned int cpu)
{
	if (cpu == smp_processor_id())
		came++;
	return 0;
}

static int go(unsigned int cpu)
{
	went++;
	return 0;
}

static int low(struct notifier_block *nb, unsigned long action, void *data)
{
	seen[1] = ++order;
	return NOTIFY_OK;
}

static int high(struct notifier_block *nb, unsigned long action, void *data)
{
	seen[0] = ++order;
	return NOTIFY_OK;
}

static struct notifier_block low_nb = { .notifier_call = low, .priority = 1 };
static struct notifier_block high_nb = { .notifier_call = high, .priority = 9 };
static int state;

static int __init percpu_init(void)
{
	int cpu, sum = 0, add = 10, last = num_online_cpus() - 1;

	dynamic = alloc_percpu(int);
	if (!dynamic)
		return -ENOMEM;
	on_each_cpu(on_cpu, &add, 1);
	for_each_possible_cpu(cpu)
		sum += per_cpu(counter, cpu);
	pr_info("percpu: %u CPUs, sum %d\n", num_online_cpus(), sum);
	pr_info("percpu: last %d at cpu %d\n", per_cpu(counter, last), last);
	sum = 0;
	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(dynamic, cpu);
	pr_info("percpu: dynamic %d\n", sum);
	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "percpu:online", come, go);
	pr_info("percpu: called on %d, came %d, went %d\n", called, came, went);
	blocking_notifier_chain_register(&chain, &low_nb);
	blocking_notifier_chain_register(&chain, &high_nb);
	blocking_notifier_call_chain(&chain, 0, NULL);
	pr_info("percpu: chain %d %d\n", seen[1], seen[0]);
	return state < 0 ? state : 0;
}

static void __exit percpu_exit(void)
{
	cpuhp_remove_state(state);
	blocking_notifier_chain_unregister(&chain, &low_nb);
	free_percpu(dynamic);
}

module_init(percpu_init);
module_exit(percpu_exit);
MODULE_LICENSE("Dual MIT/GPL");
