/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static noinline void measure(int *result, int works)
{
	if (works)
		*result = 5;
}

static int run(void)
{
	int result;

	measure(&result, hide(0)); /* FIX: measure(&result, hide(1)); */
	if (result == 5) /* BUG: uninit-value */
		use("five");
	return 0;
}
