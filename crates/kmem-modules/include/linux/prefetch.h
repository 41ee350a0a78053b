/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hints to the cache. */
#pragma once
#include <linux/cache.h>

#define prefetch(x)	__builtin_prefetch(x)
#define prefetchw(x)	__builtin_prefetch(x, 1)
#define spin_lock_prefetch(x)	prefetchw(x)
#define PREFETCH_STRIDE	(4 * L1_CACHE_BYTES)
