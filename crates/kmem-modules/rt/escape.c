/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes of a string written with backslashes, and back. */
#if KMEM_ERA >= 60
#include <linux/ctype.h>
#include <linux/hex.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

/* a byte and the letter behind its backslash, two by two */
static const char spaces[] = "\nn\rr\tt\vv\ff";
static const char specials[] = "\\\\\"\"\aa\033e";

/* finds a byte (step 0) or a letter (step 1) in a table of pairs; returns the other one, 0 if it is not there */
static char other_of(const char *pairs, char c, int step)
{
	for (; *pairs; pairs += 2)
		if (pairs[step] == c)
			return pairs[!step];
	return 0;
}

/* reads up to so many digits of a base; returns how many there were */
static int escape_digits(const char *s, int base, int most, unsigned int *value)
{
	int n, digit;

	*value = 0;
	for (n = 0; n < most && (digit = hex_to_bin(s[n])) >= 0 && digit < base; n++) {
		if (*value * base + digit > 255)
			break;
		*value = *value * base + digit;
	}
	return n;
}

/* the byte that a backslash and what is behind it stand for; how long that is, 0: nothing that is asked for */
static int unescape_one(const char *s, unsigned int flags, char *byte)
{
	unsigned int value;
	int n;

	*byte = flags & UNESCAPE_SPACE ? other_of(spaces, s[1], 1) : 0;
	if (!*byte && flags & UNESCAPE_SPECIAL)
		*byte = other_of(specials, s[1], 1);
	if (*byte)
		return 2;
	n = flags & UNESCAPE_OCTAL ? escape_digits(s + 1, 8, 3, &value) : 0;
	if (n) {
		*byte = value;
		return 1 + n;
	}
	n = flags & UNESCAPE_HEX && s[1] == 'x' ? escape_digits(s + 2, 16, 2, &value) : 0;
	if (n) {
		*byte = value;
		return 2 + n;
	}
	return 0;
}

/* size 0: the room is as large as it has to be */
int string_unescape(char *src, char *dst, size_t size, unsigned int flags)
{
	char *out = dst, byte;
	size_t left = size ? size : SIZE_MAX;

	while (*src && --left) {
		int n = *src == '\\' && src[1] && left > 1 ? unescape_one(src, flags, &byte) : 0;

		if (n) {
			*out++ = byte;
			src += n;
			continue;
		}
		/* a backslash that begins nothing stays, and what is behind it is looked at no more */
		if (*src == '\\' && src[1] && left > 1) {
			*out++ = *src++;
			left--;
		}
		*out++ = *src++;
	}
	*out = '\0';
	return out - dst;
}

/* how a byte is written, at most four characters; their number */
static int escape_one(unsigned char c, unsigned int flags, char *text)
{
	char letter = flags & ESCAPE_SPACE ? other_of(spaces, c, 0) : 0;

	if (!letter && flags & ESCAPE_SPECIAL)
		letter = other_of(specials, c, 0);
	if (!letter && flags & ESCAPE_NULL && !c)
		letter = '0';
	text[0] = '\\';
	if (letter) {
		text[1] = letter;
		return 2;
	}
	if (flags & ESCAPE_OCTAL) {
		text[1] = '0' + (c >> 6);
		text[2] = '0' + (c >> 3 & 7);
		text[3] = '0' + (c & 7);
		return 4;
	}
	if (flags & ESCAPE_HEX) {
		text[1] = 'x';
		text[2] = hex_asc_hi(c);
		text[3] = hex_asc_lo(c);
		return 4;
	}
	text[0] = c;
	return 1;
}

/* whether a byte goes as it is: it is of a kind that is left alone, or not of those that are named */
static bool goes_as_it_is(unsigned char c, unsigned int flags, const char *only)
{
	bool named = only && *only, listed = named && strchr(only, c);

	if (flags & ESCAPE_APPEND) {
		if (listed)
			return false;
	} else if (named && !listed) {
		return true;
	}
	return (flags & ESCAPE_NAP && isascii(c) && isprint(c)) || (flags & ESCAPE_NP && isprint(c)) ||
	       (flags & ESCAPE_NA && isascii(c));
}

/* what does not fit is counted and not written */
int string_escape_mem(const char *src, size_t isz, char *dst, size_t osz, unsigned int flags, const char *only)
{
	size_t at = 0;

	while (isz--) {
		unsigned char c = *src++;
		char text[4] = { c };
		int i, n = goes_as_it_is(c, flags, only) ? 1 : escape_one(c, flags, text);

		for (i = 0; i < n; i++, at++)
			if (at < osz)
				dst[at] = text[i];
	}
	return at;
}
#endif
