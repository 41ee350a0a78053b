/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/mutex.h>

static DEFINE_MUTEX(lock);

static int run(void)
{
	char *p;

	p = NULL;
	preempt_disable();
	mutex_lock(&lock); /* BUG: atomic-sleep */ /* FIX: mutex_trylock(&lock); */
	preempt_enable();
	mutex_unlock(&lock);
	kfree(p);
	return 0;
}
