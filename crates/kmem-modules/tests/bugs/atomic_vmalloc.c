/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static DEFINE_SPINLOCK(lock);

static int run(void)
{
	char *p;

	spin_lock(&lock); /* FIX: spin_lock(&lock); spin_unlock(&lock); */
	p = vmalloc(4096); /* BUG: atomic-sleep */
	if (preempt_count())
		spin_unlock(&lock);
	vfree(p);
	return 0;
}
