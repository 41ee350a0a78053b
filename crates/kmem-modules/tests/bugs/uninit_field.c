/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

struct holder {
	unsigned int ready:1, mode:3;
	int count, limit;
};

static int run(void)
{
	struct holder *holder = kmalloc(sizeof(*holder), GFP_KERNEL);

	if (!holder)
		return -ENOMEM;
	/* bit fields are read to be written: nothing is used by that */
	holder->ready = 0;
	holder->mode = 5;
	holder->count = 1;
	use(holder); /* FIX: holder->limit = 9; use(holder); */
	if (holder->ready)
		use("ready");
	if (holder->limit > 3) /* BUG: uninit-value */
		use("large");
	kfree(holder);
	return 0;
}
