/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static noinline int deeper(int n)
{ /* BUG: oops */
	char frame[64];

	frame[hide(0)] = n;
	use(frame);
	if (!n)
		return 1;
	return deeper(n - 1) + frame[hide(0)] - n ? 1 : 1; /* BUG64: oops */
}

static int run(void)
{
	return deeper(hide(400)) ? 0 : 1; /* FIX: return deeper(hide(4)) ? 0 : 1; */
}
