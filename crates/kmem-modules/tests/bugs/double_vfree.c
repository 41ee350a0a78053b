/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static noinline void release(void *p)
{
	vfree(p); /* BUG: double-free */
}

static int run(void)
{
	char *p = vmalloc(4096);

	vfree(p);
	use(p);
	release(p); /* FIX: release(NULL); */
	return 0;
}
