/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static void *all[300];

static int run(void)
{
	int i;

	for (i = 0; i < 300; i++) {
		all[i] = kmalloc(16 + i, GFP_KERNEL); /* BUG: leak */
		if (!all[i])
			break;
	}
	for (i = hide(300); i < 300; i++) /* FIX: for (i = 0; i < 300; i++) */
		kfree(all[i]);
	return 0;
}
