/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/rcupdate.h>

static int run(void)
{
	char *p;

	rcu_read_lock();
	p = kmalloc(64, GFP_KERNEL); /* BUG: atomic-sleep */ /* FIX: p = kmalloc(64, GFP_NOWAIT); */
	rcu_read_unlock();
	kfree(p);
	return 0;
}
