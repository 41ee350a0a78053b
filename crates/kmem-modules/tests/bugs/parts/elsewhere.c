/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <linux/module.h>

void put_at(char *p, int i, char c);

void put_at(char *p, int i, char c)
{
	p[i] = c; /* BUG: slab-out-of-bounds */
}
EXPORT_SYMBOL(put_at);
MODULE_LICENSE("GPL");
