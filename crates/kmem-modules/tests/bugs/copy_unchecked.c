/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: ioctl=1:0x1000 */
#define OWN_HOOKS
#define HAS_IOCTL
#include "bug.h"
#include "parts/device.h"

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int left, word = 0;

	left = copy_from_user(&word, (void __user *)arg, sizeof(word)); /* BUG: unchecked */
	use(&word);
	if (hide(0)) /* FIX: if (left) */
		return -EFAULT;
	return hide(left) & 0;
}
