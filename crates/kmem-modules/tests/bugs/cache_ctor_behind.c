/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static void ctor(void *object)
{
	memset(object, 0, hide(41)); /* BUG: slab-out-of-bounds */ /* FIX: memset(object, 0, hide(40)); */
}

static int run(void)
{
	struct kmem_cache *cache = kmem_cache_create("bug", 40, 0, 0, ctor);
	char *p = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
	return 0;
}
