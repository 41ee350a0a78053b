/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which CPUs lie on which node. */
#pragma once
#include <linux/numa.h>

#define numa_node_id()	0
#define numa_mem_id()	0
#define cpu_to_node(cpu)	((void)(cpu), 0)
#define cpu_to_mem(cpu)	((void)(cpu), 0)
#define cpumask_of_node(node)	((void)(node), cpu_online_mask)
#define nr_cpus_node(node)	KMEM_NR_CPUS
