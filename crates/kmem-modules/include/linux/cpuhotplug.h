/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Callbacks for CPUs that come and go. All are here when the module is loaded, so only what is to run at once does. */
#pragma once
#include <linux/cpumask.h>
#include <linux/types.h>

enum cpuhp_state {
	CPUHP_INVALID = -1,
	CPUHP_OFFLINE = 0,
	CPUHP_SLUB_DEAD,
	CPUHP_RADIX_DEAD,
	CPUHP_PAGE_ALLOC,
	CPUHP_MM_VMSTAT_DEAD,
	CPUHP_MM_ZSWP_POOL_PREPARE,
	CPUHP_BP_PREPARE_DYN,
	CPUHP_BP_PREPARE_DYN_END = CPUHP_BP_PREPARE_DYN + 20,
	CPUHP_AP_ONLINE_DYN,
	CPUHP_AP_ONLINE_DYN_END = CPUHP_AP_ONLINE_DYN + 40,
	CPUHP_ONLINE,
};

/* the number of a dynamic state, or 0 */
static inline int cpuhp_setup_state(enum cpuhp_state state, const char *name, int (*startup)(unsigned int cpu),
				    int (*teardown)(unsigned int cpu))
{
	unsigned int cpu;
	int err;

	if (startup) {
		for_each_online_cpu(cpu) {
			err = startup(cpu);
			if (err)
				return err;
		}
	}
	return state == CPUHP_BP_PREPARE_DYN || state == CPUHP_AP_ONLINE_DYN ? state : 0;
}

static inline int cpuhp_setup_state_nocalls(enum cpuhp_state state, const char *name,
					    int (*startup)(unsigned int cpu), int (*teardown)(unsigned int cpu))
{
	return state == CPUHP_BP_PREPARE_DYN || state == CPUHP_AP_ONLINE_DYN ? state : 0;
}

#define cpuhp_remove_state(state)	((void)(state))
#define cpuhp_remove_state_nocalls(state)	((void)(state))
