/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: machine=linux-2.6-i386 */
#include "bug.h"

static int run(void)
{
	kmem_cache_t *cache = kmem_cache_create("bug", 20, 0, 0, NULL, NULL);
	char *p = kmem_cache_alloc(cache, SLAB_KERNEL);

	p[hide(20)] = 1; /* BUG: slab-out-of-bounds */ /* FIX: p[hide(19)] = 1; */
	kmem_cache_free(cache, p);
	kmem_cache_destroy(cache);
	return 0;
}
