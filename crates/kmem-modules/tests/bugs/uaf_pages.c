/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = (char *)__get_free_pages(GFP_KERNEL, 1);

	if (!p)
		return -ENOMEM;
	free_pages((unsigned long)p, 1);
	use(p);
	p[hide(5000)] = 1; /* BUG: use-after-free */ /* FIX: p = NULL; */
	return 0;
}
