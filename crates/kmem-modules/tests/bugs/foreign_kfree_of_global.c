/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static char table[32];

static int run(void)
{
	kfree(table + hide(0)); /* BUG: mismatch */ /* FIX: use(table); */
	return 0;
}
