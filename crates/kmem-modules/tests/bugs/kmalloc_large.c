/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(10000, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	p[hide(10000)] = 1; /* BUG: slab-out-of-bounds */ /* FIX: p[hide(9999)] = 1; */
	kfree(p);
	return 0;
}
