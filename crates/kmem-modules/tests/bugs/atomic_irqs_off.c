/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p;

	local_irq_disable();
	p = kmalloc(64, GFP_KERNEL); /* BUG: atomic-sleep */ /* FIX: p = kmalloc(64, GFP_ATOMIC); */
	local_irq_enable();
	kfree(p);
	return 0;
}
