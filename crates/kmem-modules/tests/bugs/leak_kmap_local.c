/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: ram=2G */
#include "bug.h"
#include <linux/highmem.h>

static int run(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *p = kmap_local_page(page); /* BUG: leak */

	p[0] = 1;
	hide(0); /* FIX: kunmap_local(p); */
	__free_page(page);
	return 0;
}
