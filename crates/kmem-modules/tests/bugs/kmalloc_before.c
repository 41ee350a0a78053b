/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(32, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	p[0] = 1;
	p[0] = p[hide(-1)]; /* BUG: slab-out-of-bounds */ /* FIX: p[0] = p[hide(1)]; */
	kfree(p);
	return 0;
}
