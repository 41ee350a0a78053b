/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

struct holder {
	int id;
	char *name;
};

static int run(void)
{
	struct holder *holder = kmalloc(sizeof(*holder), GFP_KERNEL); /* FIX: struct holder *holder = kzalloc(sizeof(*holder), GFP_KERNEL); */

	if (!holder)
		return -ENOMEM;
	if (holder->name) /* BUG: uninit-value */
		holder->name[0] = 'x';
	kfree(holder);
	return 0;
}
