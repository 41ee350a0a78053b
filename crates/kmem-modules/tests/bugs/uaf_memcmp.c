/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(32, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	memset(p, 0, 32);
	kfree(p);
	if (!memcmp(p, "abc", 3)) /* BUG: use-after-free */ /* FIX: if (hide(0)) */
		pr_info("same\n");
	return 0;
}
