/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/mempool.h>

static int run(void)
{
	mempool_t *pool;

	pool = mempool_create_kmalloc_pool(2, 64); /* BUG: leak */
	use(pool);
	hide(0); /* FIX: mempool_destroy(pool); */
	return 0;
}
