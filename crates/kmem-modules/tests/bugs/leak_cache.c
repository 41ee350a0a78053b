/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	struct kmem_cache *cache;

	cache = kmem_cache_create("bug", 24, 0, 0, NULL); /* BUG: leak */
	use(cache);
	hide(0); /* FIX: kmem_cache_destroy(cache); */
	return 0;
}
