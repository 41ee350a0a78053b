/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	char *p = vmalloc(3 * PAGE_SIZE); /* BUG: leak */

	use((void *)p);
	if (!p)
		return -ENOMEM;
	hide(0); /* FIX: vfree(p); */
	return 0;
}
