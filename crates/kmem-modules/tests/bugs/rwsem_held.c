/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <linux/rwsem.h>
#include "bug.h"

static DECLARE_RWSEM(lock);

static int run(void)
{
	down_read(&lock);
	up_read(&lock);
	down_read(&lock); /* BUG: misuse */
	use(&lock); /* FIX: up_read(&lock); */
	return 0;
}
