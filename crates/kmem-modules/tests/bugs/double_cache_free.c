/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	struct kmem_cache *cache = kmem_cache_create("bug", 24, 0, 0, NULL);
	char *p = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, p);
	use(p);
	kmem_cache_free(cache, p); /* BUG: double-free */ /* FIX: p = NULL; */
	kmem_cache_destroy(cache);
	return 0;
}
