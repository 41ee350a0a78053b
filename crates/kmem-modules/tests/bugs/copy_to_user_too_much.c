/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: read=16 */
#define OWN_HOOKS
#define HAS_READ
#include "bug.h"
#include "parts/device.h"

static ssize_t dev_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	char line[10] = "abc";
	size_t n = count; /* FIX: size_t n = min_t(size_t, count, sizeof(line)); */

	if (*pos)
		return 0;
	if (copy_to_user(to, line, n)) /* BUG: stack-out-of-bounds */
		return -EFAULT;
	*pos = n;
	return n;
}
