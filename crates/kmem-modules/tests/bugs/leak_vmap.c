/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	struct page *pages[2] = { alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL) };
	char *p = vmap(pages, 2, VM_MAP, PAGE_KERNEL); /* BUG: leak */

	p[hide(4096)] = 1;
	hide(0); /* FIX: vunmap(p); */
	__free_page(pages[0]);
	__free_page(pages[1]);
	return 0;
}
