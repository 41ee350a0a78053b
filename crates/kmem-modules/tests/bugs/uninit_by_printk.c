/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

struct point {
	int x, y;
};

static noinline void show(struct point *at)
{
	pr_info("%d\n", at->x);
	pr_info("%d\n", at->y); /* BUG: uninit-value */
}

static int run(void)
{
	struct point *at = kmalloc(sizeof(*at), GFP_KERNEL);

	if (!at)
		return -ENOMEM;
	at->x = 1;
	use(at); /* FIX: at->y = 2; use(at); */
	show(at);
	kfree(at);
	return 0;
}
