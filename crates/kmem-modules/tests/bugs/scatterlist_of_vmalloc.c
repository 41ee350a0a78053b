/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/scatterlist.h>

static int run(void)
{
	char *p = vmalloc(4096);
	struct scatterlist sg;

	if (!p)
		return -ENOMEM;
	sg_init_table(&sg, 1);
	sg_set_buf(&sg, p, 4096); /* BUG: misuse */ /* FIX: sg_set_page(&sg, vmalloc_to_page(p), 4096, 0); */
	use(&sg);
	vfree(p);
	return 0;
}
