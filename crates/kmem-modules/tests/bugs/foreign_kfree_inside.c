/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p + hide(8)); /* BUG: mismatch */ /* FIX: kfree(p + hide(0)); */
	return 0;
}
