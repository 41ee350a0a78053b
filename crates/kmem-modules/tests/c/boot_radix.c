// SPDX-License-Identifier: MIT OR Apache-2.0
/* What a kernel does at boot for its radix trees and xarrays, for their tests. */
#include <linux/init.h>
#include <linux/module.h>

void radix_tree_init(void);

static int __init start_radix(void)
{
	radix_tree_init();
	return 0;
}
module_init(start_radix);
MODULE_LICENSE("Dual MIT/GPL");
