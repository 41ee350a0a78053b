/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static DEFINE_SPINLOCK(lock);

static noinline void work(void)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags); /* BUG: misuse */
	use(&flags);
	spin_unlock(&lock); /* FIX: spin_unlock_irqrestore(&lock, flags); */
}

static int run(void)
{
	work();
	return 0;
}
