/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	unsigned long p = __get_free_pages(GFP_KERNEL, 2); /* BUG: leak */

	use((void *)p);
	if (!p)
		return -ENOMEM;
	hide(0); /* FIX: free_pages(p, 2); */
	return 0;
}
