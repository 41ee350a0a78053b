/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	p[hide(64)] = 1; /* BUG: slab-out-of-bounds */ /* FIX: p[hide(63)] = 1; */
	kfree(p);
	return 0;
}
