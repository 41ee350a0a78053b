// SPDX-License-Identifier: MIT OR Apache-2.0
/* What a kernel does at boot for its maple trees, for their tests. */
#include <linux/init.h>
#include <linux/module.h>

void maple_tree_init(void);

static int __init start_maple(void)
{
	maple_tree_init();
	return 0;
}
module_init(start_maple);
MODULE_LICENSE("Dual MIT/GPL");
