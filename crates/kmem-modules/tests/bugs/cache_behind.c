/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	struct kmem_cache *cache = kmem_cache_create("bug", 20, 0, 0, NULL);
	char *p = kmem_cache_alloc(cache, GFP_KERNEL);

	p[hide(20)] = 1; /* BUG: slab-out-of-bounds */ /* FIX: p[hide(19)] = 1; */
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
	return 0;
}
