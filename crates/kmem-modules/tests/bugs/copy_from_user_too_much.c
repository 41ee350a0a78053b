/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: write=0123456789 */
#define OWN_HOOKS
#define HAS_WRITE
#include "bug.h"
#include "parts/device.h"

static ssize_t dev_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	char *p = kzalloc(8, GFP_KERNEL);
	size_t n = count; /* FIX: size_t n = min_t(size_t, count, 8); */

	if (!p)
		return -ENOMEM;
	if (copy_from_user(p, from, n)) { /* BUG: slab-out-of-bounds */
		kfree(p);
		return -EFAULT;
	}
	kfree(p);
	return count;
}
