/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *name = kmalloc(16, GFP_KERNEL); /* FIX: char *name = kzalloc(16, GFP_KERNEL); */

	if (!name)
		return -ENOMEM;
	name[15] = 0;
	pr_info("it is called %s\n", name); /* BUG: uninit-value */
	kfree(name);
	return 0;
}
