/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	int i, *p = kcalloc(5, sizeof(int), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	for (i = 0; i <= hide(5); i++) /* FIX: for (i = 0; i < hide(5); i++) */
		p[i] = i; /* BUG: slab-out-of-bounds */
	kfree(p);
	return 0;
}
