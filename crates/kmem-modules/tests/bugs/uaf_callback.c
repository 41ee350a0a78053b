/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static void (*action)(int *p);

static noinline void touch(int *p)
{
	if (p)
		p[hide(1)] = 5; /* BUG: use-after-free */
}

static int run(void)
{
	int *p = kmalloc(40, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	action = touch;
	kfree(p);
	action(p); /* FIX: action(NULL); */
	return 0;
}
