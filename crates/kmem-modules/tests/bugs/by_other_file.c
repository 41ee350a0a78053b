/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: with=parts/elsewhere.c */
#include "bug.h"

void put_at(char *p, int i, char c);

static int run(void)
{
	char *p = kmalloc(24, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	put_at(p, hide(24), 1); /* FIX: put_at(p, hide(23), 1); */
	kfree(p);
	return 0;
}
