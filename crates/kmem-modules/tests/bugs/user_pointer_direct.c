/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: write=hello */
#define OWN_HOOKS
#define HAS_WRITE
#include "bug.h"
#include "parts/device.h"

static ssize_t dev_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	char first;

	first = *(const char *)from; /* BUG: user-memory-access */ /* FIX: if (get_user(first, from)) return -EFAULT; */
	return hide(first) ? count : 0;
}
