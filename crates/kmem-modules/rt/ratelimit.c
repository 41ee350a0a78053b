/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How often a line may be printed. */
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

/* ten lines in five seconds */
int kmem_ratelimit(void *state)
{
	struct ratelimit_state *limit = state;
	unsigned long now = jiffies;

	if (!limit->begin || time_after(now, limit->begin + DEFAULT_RATELIMIT_INTERVAL)) {
		limit->begin = now | 1;
		limit->burst = 0;
	}
	return limit->burst++ < DEFAULT_RATELIMIT_BURST;
}

int printk_ratelimit(void)
{
	static struct ratelimit_state state;

	return kmem_ratelimit(&state);
}
