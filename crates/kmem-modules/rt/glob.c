/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Patterns as shells have them: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before what is meant literally. */
#if KMEM_ERA >= 60
#include <linux/glob.h>
#include <linux/stddef.h>

/* where a class ends, and whether a character is in it; NULL if it does not end */
static const char *glob_class(const char *p, unsigned char c, int *is_in)
{
	int inverted = *p == '!', found = 0;

	p += inverted;
	do {
		unsigned char low = *p++, high = low;

		if (!low)
			return NULL;
		if (p[0] == '-' && p[1] != ']') {
			high = p[1];
			if (!high)
				return NULL;
			p += 2;
		}
		found |= low <= c && c <= high;
	} while (*p != ']');
	*is_in = found != inverted;
	return p + 1;
}

bool glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	for (;;) {
		const char *p = pattern;
		unsigned char c = *text;
		int fits = 0;

		if (*p == '*') {
			/* whatever follows decides how much it is: try with nothing, then with one more each time */
			star = ++pattern;
			from = text;
			if (!*star)
				return true;
			continue;
		}
		if (!c && !*p)
			return true;
		if (*p == '?') {
			fits = c != 0;
			p++;
		} else if (*p == '[' && c) {
			const char *end = glob_class(p + 1, c, &fits);

			if (end) {
				p = end;
			} else {
				fits = c == '[';
				p++;
			}
		} else if (*p) {
			if (*p == '\\' && p[1])
				p++;
			fits = c && c == (unsigned char)*p++;
		}
		if (fits) {
			pattern = p;
			text++;
		} else if (star && *from) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
}
#endif
