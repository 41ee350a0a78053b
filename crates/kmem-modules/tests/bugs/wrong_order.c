/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	unsigned long p = __get_free_pages(GFP_KERNEL, 2);

	free_pages(p, hide(1)); /* BUG: mismatch */ /* FIX: free_pages(p, hide(2)); */
	return 0;
}
