/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static int run(void)
{
	struct list_head a;
	LIST_HEAD(list);

	list_add(&a, &list);
	list_del(&a);
	list_del(&a); /* BUG: misuse */ /* FIX: INIT_LIST_HEAD(&a); */
	return 0;
}
