/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(60, GFP_KERNEL), *q = krealloc(p, 600, GFP_KERNEL);

	p[hide(5)] = 1; /* BUG: use-after-free */ /* FIX: q[hide(5)] = 1; */
	kfree(q);
	return 0;
}
