/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* CPUs that come and go: they are all there from the beginning. */
#pragma once
#include <linux/cpumask.h>
#include <linux/notifier.h>
#include <linux/smp.h>

#if KMEM_ERA >= 60
#include <linux/cpuhotplug.h>
#define cpus_read_lock()	might_sleep()
#define cpus_read_unlock()	do { } while (0)
#define cpus_read_trylock()	1
#define cpu_hotplug_disable()	do { } while (0)
#define cpu_hotplug_enable()	do { } while (0)
#define lockdep_assert_cpus_held()	do { } while (0)
#define get_online_cpus()	cpus_read_lock()
#define put_online_cpus()	cpus_read_unlock()
#else
#define CPU_ONLINE	0x0002
#define CPU_UP_PREPARE	0x0003
#define CPU_UP_CANCELED	0x0004
#define CPU_DOWN_PREPARE	0x0005
#define CPU_DOWN_FAILED	0x0006
#define CPU_DEAD	0x0007
#define lock_cpu_hotplug()	do { } while (0)
#define unlock_cpu_hotplug()	do { } while (0)
int register_cpu_notifier(struct notifier_block *nb);
void unregister_cpu_notifier(struct notifier_block *nb);
#define hotcpu_notifier(fn, pri) do {					\
	static struct notifier_block fn##_nb = { .notifier_call = fn, .priority = pri };	\
	register_cpu_notifier(&fn##_nb);				\
} while (0)
#define register_hotcpu_notifier(nb)	register_cpu_notifier(nb)
#define unregister_hotcpu_notifier(nb)	unregister_cpu_notifier(nb)
#endif
