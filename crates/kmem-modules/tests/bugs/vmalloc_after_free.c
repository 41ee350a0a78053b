/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = vmalloc(8192);

	if (!p)
		return -ENOMEM;
	vfree(p);
	use(p);
	p[hide(1)] = 1; /* BUG: oops */ /* FIX: p = NULL; */
	return 0;
}
