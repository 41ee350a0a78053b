/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is called for each CPU when it comes, which is at once, and when the callbacks are taken away. */
#pragma once
#include <linux/types.h>

#if KMEM_ERA >= 60

enum cpuhp_state {
	CPUHP_INVALID = -1,
	CPUHP_OFFLINE = 0,
	CPUHP_SLUB_DEAD,
	CPUHP_PAGE_ALLOC,
	CPUHP_RADIX_DEAD,
	CPUHP_MM_VMSTAT_DEAD,
	CPUHP_PERCPU_CNT_DEAD,
	CPUHP_MM_ZSWP_POOL_PREPARE,
	CPUHP_ZCOMP_PREPARE,
	CPUHP_BP_PREPARE_DYN = 0x100,
	CPUHP_BP_PREPARE_DYN_END = CPUHP_BP_PREPARE_DYN + 20,
	CPUHP_AP_ONLINE = 0x200,
	CPUHP_AP_ONLINE_DYN = 0x300,
	CPUHP_AP_ONLINE_DYN_END = CPUHP_AP_ONLINE_DYN + 40,
	CPUHP_ONLINE,
};

struct hlist_node;
int kmem_cpuhp_setup(int state, const char *name, bool invoke, int (*startup)(unsigned int cpu),
		     int (*teardown)(unsigned int cpu), int multi);
void kmem_cpuhp_remove(int state, bool invoke);
int kmem_cpuhp_instance(int state, struct hlist_node *node, bool add);

#define cpuhp_setup_state(state, name, startup, teardown)	\
	kmem_cpuhp_setup((state), (name), true, (startup), (teardown), 0)
#define cpuhp_setup_state_nocalls(state, name, startup, teardown)	\
	kmem_cpuhp_setup((state), (name), false, (startup), (teardown), 0)
#define cpuhp_setup_state_cpuslocked(state, name, startup, teardown)	\
	cpuhp_setup_state(state, name, startup, teardown)
#define cpuhp_setup_state_multi(state, name, startup, teardown)	\
	kmem_cpuhp_setup((state), (name), false, (int (*)(unsigned int))(startup),	\
			 (int (*)(unsigned int))(teardown), 1)
#define cpuhp_remove_state(state)	kmem_cpuhp_remove((state), true)
#define cpuhp_remove_state_nocalls(state)	kmem_cpuhp_remove((state), false)
#define cpuhp_remove_multi_state(state)	kmem_cpuhp_remove((state), false)
#define cpuhp_state_add_instance(state, node)	kmem_cpuhp_instance((state), (node), true)
#define cpuhp_state_remove_instance(state, node)	kmem_cpuhp_instance((state), (node), false)
#define cpuhp_state_add_instance_nocalls(state, node)	0
#define cpuhp_state_remove_instance_nocalls(state, node)	0
#endif
