/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = vmalloc(5000);

	if (!p)
		return -ENOMEM;
	p[hide(5000)] = 1; /* BUG: vmalloc-out-of-bounds */ /* FIX: p[hide(4999)] = 1; */
	vfree(p);
	return 0;
}
