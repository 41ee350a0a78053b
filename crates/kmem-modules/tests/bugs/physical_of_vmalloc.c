/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/io.h>

static int run(void)
{
	char *p = vmalloc(4096);
	phys_addr_t phys;

	if (!p)
		return -ENOMEM;
	phys = virt_to_phys(p); /* BUG: misuse */ /* FIX: phys = page_to_phys(vmalloc_to_page(p)); */
	use((void *)(unsigned long)phys);
	vfree(p);
	return 0;
}
