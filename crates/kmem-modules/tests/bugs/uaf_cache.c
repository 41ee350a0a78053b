/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	struct kmem_cache *cache = kmem_cache_create("bug", 48, 0, 0, NULL);
	int *p = kmem_cache_zalloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, p);
	use(p);
	if (p[hide(2)]) /* BUG: use-after-free */ /* FIX: if (hide(0)) */
		pr_info("set\n");
	kmem_cache_destroy(cache);
	return 0;
}
