/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define OWN_HOOKS
#include "bug.h"

static DEFINE_SPINLOCK(lock);

static int __init held_init(void) /* BUG: misuse */
{
	spin_lock(&lock);
	use(&lock);
	if (hide(1)) /* FIX: if (hide(0)) */
		return 0;
	spin_unlock(&lock);
	return 0;
}

static void __exit held_exit(void)
{
}

module_init(held_init);
module_exit(held_exit);
