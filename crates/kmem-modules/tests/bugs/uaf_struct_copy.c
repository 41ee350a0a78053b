/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

struct big {
	int words[9];
};

static int run(void)
{
	struct big *from = kzalloc(sizeof(*from), GFP_KERNEL), *to = kzalloc(sizeof(*to), GFP_KERNEL);

	kfree(from);
	use(from);
	*to = *from; /* BUG: use-after-free */ /* FIX: to->words[0] = 1; */
	use(to);
	kfree(to);
	return 0;
}
