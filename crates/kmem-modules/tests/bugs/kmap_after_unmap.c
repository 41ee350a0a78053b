/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RUN: machine=i386-pae-6.1 ram=2G */
#include "bug.h"
#include <linux/highmem.h>

static int run(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *p;

	if (!page)
		return -ENOMEM;
	p = kmap(page);
	p[0] = 1;
	kunmap(page);
	p[hide(1)] = 2; /* BUG: kmap-use-after-unmap */ /* FIX: p = NULL; */
	__free_page(page);
	return 0;
}
