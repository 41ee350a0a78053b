/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is still registered when all is over. */
#include <linux/sprintf.h>
#include "rt.h"

void kmem_left(struct kmem_left *left, const char *fmt, ...)
{
	va_list args;

	if (left->want-- != 0)
		return;
	va_start(args, fmt);
	left->len = vscnprintf(left->buf, left->size, fmt, args);
	va_end(args);
}

int kmem_fs_left(int i, char *buf, unsigned int size)
{
	struct kmem_left left = { .want = i, .buf = buf, .size = size };

	kmem_file_left(&left);
	kmem_misc_left(&left);
	kmem_device_left(&left);
	kmem_chrdev_left(&left);
	kmem_proc_left(&left);
	kmem_timer_left(&left);
	kmem_irq_left(&left);
	return left.len;
}
