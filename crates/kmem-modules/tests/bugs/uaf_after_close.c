/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: write=x read=4 */
#define OWN_HOOKS
#define HAS_WRITE
#define HAS_READ
#include "bug.h"
#include "parts/device.h"

static char *kept;

static ssize_t dev_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	kept = kzalloc(16, GFP_KERNEL);
	kfree(kept);
	return count;
}

static ssize_t dev_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	if (!kept || *pos)
		return 0;
	*pos = kept[hide(3)] + 1; /* BUG: use-after-free */ /* FIX: *pos = 1; */
	return 0;
}
