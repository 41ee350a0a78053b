/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	int n = hide(10);
	char line[n];

	use(line);
	line[hide(10)] = 1; /* BUG: alloca-out-of-bounds */ /* FIX: line[hide(9)] = 1; */
	use(line);
	return 0;
}
