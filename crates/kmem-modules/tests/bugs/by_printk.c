/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(4, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	memset(p, 'x', 4);
	pr_info("%s\n", p); /* BUG: slab-out-of-bounds */ /* FIX: pr_info("%.4s\n", p); */
	kfree(p);
	return 0;
}
