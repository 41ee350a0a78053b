/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Call chains by number, in a list of all. */
#if KMEM_ERA >= 60
#include <linux/list.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include "rt.h"

struct depot_chain {
	struct list_head list;
	u32 handle;
	unsigned int n;
	unsigned long entries[];
};

static LIST_HEAD(depot);
static u32 depot_last;

depot_stack_handle_t stack_depot_save(unsigned long *entries, unsigned int n, gfp_t gfp)
{
	struct depot_chain *chain;

	if (!n)
		return 0;
	list_for_each_entry(chain, &depot, list)
		if (chain->n == n && !memcmp(chain->entries, entries, n * sizeof(*entries)))
			return chain->handle;
	chain = kmem_rt_zalloc(sizeof(*chain) + n * sizeof(*entries));
	if (!chain)
		return 0;
	chain->handle = ++depot_last;
	chain->n = n;
	memcpy(chain->entries, entries, n * sizeof(*entries));
	list_add(&chain->list, &depot);
	return chain->handle;
}

unsigned int stack_depot_fetch(depot_stack_handle_t handle, unsigned long **entries)
{
	struct depot_chain *chain;

	*entries = NULL;
	list_for_each_entry(chain, &depot, list) {
		if (chain->handle == handle) {
			*entries = chain->entries;
			return chain->n;
		}
	}
	return 0;
}

void stack_depot_print(depot_stack_handle_t handle)
{
	unsigned long *entries;
	unsigned int n = stack_depot_fetch(handle, &entries);

	stack_trace_print(entries, n, 0);
}

int stack_depot_snprint(depot_stack_handle_t handle, char *buf, size_t size, int spaces)
{
	unsigned long *entries;
	unsigned int n = stack_depot_fetch(handle, &entries);

	return n ? stack_trace_snprint(buf, size, entries, n, spaces) : 0;
}
#endif
