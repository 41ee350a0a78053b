/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(60, GFP_KERNEL), *q = krealloc(p, 40, GFP_KERNEL);

	q[hide(50)] = 1; /* BUG: slab-out-of-bounds */ /* FIX: q[hide(39)] = 1; */
	kfree(q);
	return 0;
}
