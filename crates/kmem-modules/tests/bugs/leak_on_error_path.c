/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *a = kmalloc(32, GFP_KERNEL), *b; /* BUG: leak */

	if (!a)
		return -ENOMEM;
	b = kmalloc(hide(256 << 20), GFP_KERNEL | __GFP_NOWARN);
	if (!b)
		goto out; /* FIX: goto free_a; */
	kfree(b);
free_a:
	kfree(a);
out:
	return 0;
}
