/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	int local[4] = { 0 };

	use(local);
	local[hide(4)] = 7; /* BUG: stack-out-of-bounds */ /* FIX: local[hide(3)] = 7; */
	use(local);
	return 0;
}
