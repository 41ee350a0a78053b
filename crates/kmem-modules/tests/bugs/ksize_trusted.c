/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	memset(p, 0, hide(ksize(p))); /* BUG: slab-out-of-bounds */ /* FIX: memset(p, 0, hide(100)); */
	kfree(p);
	return 0;
}
