/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* CPUs that come and go: these here stay. */
#pragma once
#include <linux/cpumask.h>
#include <linux/cpuhotplug.h>
#include <linux/smp.h>

#define cpus_read_lock()	do { } while (0)
#define cpus_read_unlock()	do { } while (0)
#define cpus_read_trylock()	true
#define cpus_write_lock()	do { } while (0)
#define cpus_write_unlock()	do { } while (0)
#define lockdep_assert_cpus_held()	do { } while (0)
#define get_online_cpus()	cpus_read_lock()
#define put_online_cpus()	cpus_read_unlock()
#define lock_cpu_hotplug()	cpus_read_lock()
#define unlock_cpu_hotplug()	cpus_read_unlock()
#define cpu_hotplug_disable()	do { } while (0)
#define cpu_hotplug_enable()	do { } while (0)
