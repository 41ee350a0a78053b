/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	struct kmem_cache *cache;
	char *p;

	cache = kmem_cache_create("bug", 24, 0, SLAB_HWCACHE_ALIGN, NULL);
	p = kmem_cache_alloc(cache, GFP_KERNEL); /* BUG: leak */
	use(p);
	hide(0); /* FIX: kmem_cache_free(cache, p); */
	kmem_cache_destroy(cache);
	return 0;
}
