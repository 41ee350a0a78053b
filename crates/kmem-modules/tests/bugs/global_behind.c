/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int table[5];

static int run(void)
{
	table[hide(5)] = 1; /* BUG: global-out-of-bounds */ /* FIX: table[hide(4)] = 1; */
	use(table);
	return 0;
}
