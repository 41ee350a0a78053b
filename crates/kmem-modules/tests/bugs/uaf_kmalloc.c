/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	use(p);
	p[hide(3)] = 1; /* BUG: use-after-free */ /* FIX: p = NULL; */
	return 0;
}
