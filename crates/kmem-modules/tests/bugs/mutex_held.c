/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: read=4 */
#define OWN_HOOKS
#define HAS_READ
#include "bug.h"
#include <linux/mutex.h>
#include "parts/device.h"

static DEFINE_MUTEX(lock);

static ssize_t dev_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	mutex_lock(&lock); /* BUG: misuse */
	if (count < hide(16))
		return 0; /* FIX: goto out; */
	use(file);
out: __maybe_unused
	mutex_unlock(&lock);
	return 0;
}
