/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	int *p = kmalloc(hide(256 << 20), GFP_KERNEL | __GFP_NOWARN);

	p[hide(2)] = 1; /* BUG: oops */ /* FIX: if (p) p[hide(2)] = 1; */
	kfree(p);
	return 0;
}
