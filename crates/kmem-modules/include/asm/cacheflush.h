/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Caches and the TLB, where flushing is visible. */
#pragma once
#include <kmem/host.h>

#define flush_cache_all()	do { } while (0)
#define flush_cache_vmap(start, end)	do { } while (0)
#define flush_cache_vunmap(start, end)	do { } while (0)
#define flush_icache_range(start, end)	do { } while (0)
#define flush_dcache_page(page)	do { } while (0)
