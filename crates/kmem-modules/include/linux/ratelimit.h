/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prints not more often than so many times in so long. */
#pragma once
#include <linux/printk.h>

struct ratelimit_state {
	unsigned long begin;
	int burst;
};

#define DEFAULT_RATELIMIT_INTERVAL	(5 * KMEM_HZ)
#define DEFAULT_RATELIMIT_BURST	10
#define RATELIMIT_STATE_INIT(name, interval, times)	{ 0, 0 }
#define DEFINE_RATELIMIT_STATE(name, interval, times) \
	struct ratelimit_state name = { 0, 0 }
#define ratelimit_state_init(rs, interval, times) \
	(*(rs) = (struct ratelimit_state){ 0, 0 })
#define __ratelimit(state)	kmem_ratelimit(state)
