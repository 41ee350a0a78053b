/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static noinline void fill(char *to, int last)
{
	int i;

	for (i = 0; i <= last; i++)
		to[i] = 'x'; /* BUG: stack-out-of-bounds */
}

static int run(void)
{
	char word[8];

	fill(word, hide(8)); /* FIX: fill(word, hide(7)); */
	use(word);
	return 0;
}
