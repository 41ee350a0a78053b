/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(13, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	*(u32 *)(p + hide(10)) = 7; /* BUG: slab-out-of-bounds */ /* FIX: *(u32 *)(p + hide(9)) = 7; */
	kfree(p);
	return 0;
}
