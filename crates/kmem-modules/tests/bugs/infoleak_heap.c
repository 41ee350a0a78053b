/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: read=32 */
#define OWN_HOOKS
#define HAS_READ
#include "bug.h"
#include "parts/device.h"

struct report {
	unsigned char kind;	/* three bytes lie behind it */
	int value;
	char name[8];
};

static ssize_t dev_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct report *report;
	ssize_t n = min(count, sizeof(*report));

	if (*pos)
		return 0;
	report = kmalloc(sizeof(*report), GFP_KERNEL); /* FIX: report = kzalloc(sizeof(*report), GFP_KERNEL); */
	if (!report)
		return -ENOMEM;
	report->kind = 1;
	report->value = 7;
	memcpy(report->name, "reading", 8);
	if (copy_to_user(to, report, n)) /* BUG: kernel-infoleak */
		n = -EFAULT;
	kfree(report);
	if (n > 0)
		*pos = n;
	return n;
}
