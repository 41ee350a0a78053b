/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = kmalloc(100, GFP_KERNEL); /* BUG: leak */

	use((void *)p);
	if (!p)
		return -ENOMEM;
	hide(0); /* FIX: kfree(p); */
	return 0;
}
