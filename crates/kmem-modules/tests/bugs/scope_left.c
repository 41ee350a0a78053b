/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	int *kept = NULL, sum;

	{
		int inner = hide(3);

		kept = &inner;
		use(kept);
	}
	sum = *kept; /* BUG: use-after-scope */ /* FIX: sum = 0; */
	return hide(sum) ? 0 : 0;
}
