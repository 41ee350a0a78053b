/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static void (*hook)(void);

static int run(void)
{
	if (hide(1)) /* FIX: if (hook) */
		hook(); /* BUG: oops */
	return 0;
}
