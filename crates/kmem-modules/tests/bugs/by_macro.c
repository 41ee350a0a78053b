/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

#define STORE(to, at)			\
	do {				\
		(to)[(at)] = 9;		\
	} while (0)

static int run(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	STORE(p, hide(24)); /* BUG: slab-out-of-bounds */ /* FIX: STORE(p, hide(23)); */
	kfree(p);
	return 0;
}
