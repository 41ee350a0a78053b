/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	memset(p, 0, hide(3 * PAGE_SIZE + 1)); /* BUG: page-out-of-bounds */ /* FIX: memset(p, 0, hide(3 * PAGE_SIZE)); */
	free_pages_exact(p, 3 * PAGE_SIZE);
	return 0;
}
