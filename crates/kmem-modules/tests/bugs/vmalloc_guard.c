/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = vmalloc(8192);

	if (!p)
		return -ENOMEM;
	p[hide(8192)] = 1; /* BUG: oops */ /* FIX: p[hide(8191)] = 1; */
	vfree(p);
	return 0;
}
