/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(5, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	sprintf(p, "%d", hide(12345)); /* BUG: slab-out-of-bounds */ /* FIX: sprintf(p, "%d", hide(1234)); */
	kfree(p);
	return 0;
}
