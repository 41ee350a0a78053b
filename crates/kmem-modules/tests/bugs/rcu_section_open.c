/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <linux/rcupdate.h>
#include "bug.h"

static int __rcu *shared;

static int run(void)
{
	int *found;

	rcu_read_lock(); /* BUG: misuse */
	found = rcu_dereference(shared);
	if (!found)
		return 0; /* FIX: goto out; */
	use(found);
out: __maybe_unused
	rcu_read_unlock();
	return 0;
}
