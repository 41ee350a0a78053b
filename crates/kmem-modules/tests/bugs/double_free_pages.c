/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	unsigned long p = __get_free_pages(GFP_KERNEL, 1);

	free_pages(p, 1);
	free_pages(p, 1); /* BUG: double-free */ /* FIX: p = 0; */
	return 0;
}
