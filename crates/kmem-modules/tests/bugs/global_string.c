/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static const char name[] = "abcd";

static int run(void)
{
	char copy[16];

	memcpy(copy, name, hide(6)); /* BUG: global-out-of-bounds */ /* FIX: memcpy(copy, name, hide(5)); */
	use(copy);
	return 0;
}
