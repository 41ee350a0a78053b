/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = vmalloc(4096);

	kfree(p); /* BUG: mismatch */ /* FIX: vfree(p); */
	return 0;
}
