/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static char word[] = "words";

static int run(void)
{
	char *p = kmalloc(5, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	strcpy(p, word); /* BUG: slab-out-of-bounds */ /* FIX: strcpy(p, word + 1); */
	kfree(p);
	return 0;
}
