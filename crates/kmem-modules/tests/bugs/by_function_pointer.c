/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static void (*writer)(char *p, int i);

static noinline void put(char *p, int i)
{
	p[i] = 9; /* BUG: slab-out-of-bounds */
}

static int run(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	writer = put;
	writer(p, hide(24)); /* FIX: writer(p, hide(23)); */
	kfree(p);
	return 0;
}
