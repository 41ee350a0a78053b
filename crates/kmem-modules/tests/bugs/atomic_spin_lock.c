/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static DEFINE_SPINLOCK(lock);

static int run(void)
{
	char *p;

	spin_lock(&lock);
	p = kmalloc(64, GFP_KERNEL); /* BUG: atomic-sleep */ /* FIX: p = kmalloc(64, GFP_ATOMIC); */
	spin_unlock(&lock);
	kfree(p);
	return 0;
}
