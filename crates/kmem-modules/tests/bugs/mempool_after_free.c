/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/mempool.h>

static int run(void)
{
	mempool_t *pool = mempool_create_kmalloc_pool(2, 64);
	char *p = mempool_alloc(pool, GFP_KERNEL);

	mempool_free(p, pool);
	mempool_free(mempool_alloc(pool, GFP_KERNEL), pool);
	use(p);
	p[hide(1)] = 1; /* BUG: use-after-free */ /* FIX: p = NULL; */
	mempool_destroy(pool);
	return 0;
}
