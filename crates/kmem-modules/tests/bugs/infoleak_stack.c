/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: read=32 */
#define OWN_HOOKS
#define HAS_READ
#include "bug.h"
#include "parts/device.h"

struct report {
	int value;
	char name[20];
};

static ssize_t dev_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct report report; /* FIX: struct report report = { 0 }; */
	ssize_t n = min(count, sizeof(report));

	if (*pos)
		return 0;
	report.value = 7;
	strcpy(report.name, "x");
	if (copy_to_user(to, &report, n)) /* BUG: kernel-infoleak */
		return -EFAULT;
	*pos = n;
	return n;
}
