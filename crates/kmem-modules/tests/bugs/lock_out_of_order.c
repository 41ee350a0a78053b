/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define OWN_HOOKS
#include "bug.h"

static DEFINE_SPINLOCK(first);
static DEFINE_SPINLOCK(second);

static int __init order_init(void)
{
	unsigned long flags;

	spin_lock_irqsave(&first, flags);
	spin_lock(&second); /* BUG: misuse */
	spin_unlock_irqrestore(&first, flags);
	use(&second); /* FIX: spin_unlock(&second); */
	return 0;
}

static void __exit order_exit(void)
{
}

module_init(order_init);
module_exit(order_exit);
