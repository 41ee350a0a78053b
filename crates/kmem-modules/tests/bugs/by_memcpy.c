/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static char bytes[40];

static int run(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	memcpy(p, bytes, hide(25)); /* BUG: slab-out-of-bounds */ /* FIX: memcpy(p, bytes, hide(24)); */
	kfree(p);
	return 0;
}
