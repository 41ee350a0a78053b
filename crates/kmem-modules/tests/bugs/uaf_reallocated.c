/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *q, *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	q = kmalloc(64, GFP_KERNEL);
	q[0] = p[hide(0)]; /* BUG: use-after-free */ /* FIX: q[0] = 0; */
	kfree(q);
	return 0;
}
