/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(32, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	use(p);
	kfree(p); /* BUG: double-free */ /* FIX: p = NULL; */
	return 0;
}
