/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = (char *)__get_free_pages(GFP_KERNEL, 1);

	if (!p)
		return -ENOMEM;
	p[hide(8192)] = 1; /* BUG: page-out-of-bounds */ /* FIX: p[hide(8191)] = 1; */
	free_pages((unsigned long)p, 1);
	return 0;
}
