/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/bitops.h>

static int run(void)
{
	unsigned long *bits = kzalloc(8, GFP_KERNEL);

	__set_bit(hide(64), bits); /* BUG: slab-out-of-bounds */ /* FIX: __set_bit(hide(63), bits); */
	kfree(bits);
	return 0;
}
