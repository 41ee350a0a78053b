/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads a string by a format. */
#include <linux/bitmap.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "rt.h"

static const char *after_spaces(const char *s)
{
	while (isspace(*s))
		s++;
	return s;
}

/* the set of a %[...]; where it ends, or NULL when it is empty or open */
static const char *read_set(const char *fmt, unsigned long *set)
{
	int invert = *fmt == '^';

	bitmap_zero(set, 256);
	if (invert)
		fmt++;
	if (*fmt == ']')
		return NULL;
	for (; *fmt && *fmt != ']'; fmt++)
		__set_bit((u8)*fmt, set);
	if (!*fmt)
		return NULL;
	if (invert)
		bitmap_complement(set, set, 256);
	__clear_bit(0, set);
	return fmt + 1;
}

static void store(void *to, char qualifier, unsigned long long v)
{
	switch (qualifier) {
	case 'H': *(u8 *)to = v; break;
	case 'h': *(u16 *)to = v; break;
	case 'l': *(unsigned long *)to = v; break;
	case 'L': *(u64 *)to = v; break;
	case 'z': *(size_t *)to = v; break;
	default: *(unsigned int *)to = v;
	}
}

/* a number of at most width characters */
static const char *scan_number(const char *s, int width, unsigned int base, int is_signed,
			       unsigned long long *res)
{
	int negative = is_signed && *s == '-', max = width < 0 ? INT_MAX : width - negative;
	const char *from = s + negative;

	if (max <= 0 || !(base == 16 ? isxdigit(*from) : base == 8 ? isodigit(*from) : isdigit(*from)))
		return NULL;
	s = kmem_scan_ull(from, base, max, res);
	if (negative)
		*res = -*res;
	return s;
}

int vsscanf(const char *buf, const char *fmt, va_list args)
{
	const char *s = buf;
	int found = 0;

	while (*fmt) {
		int skip = 0, width = -1, is_signed = 0;
		unsigned int base = 10;
		unsigned long long v;
		char qualifier = 0;

		if (isspace(*fmt)) {
			fmt = after_spaces(fmt);
			s = after_spaces(s);
			continue;
		}
		if (*fmt != '%') {
			if (*fmt++ != *s++)
				return found;
			continue;
		}
		fmt++;
		if (*fmt == '%') {
			if (*s++ != '%')
				return found;
			fmt++;
			continue;
		}
		if (*fmt == '*') {
			skip = 1;
			fmt++;
		}
		if (isdigit(*fmt)) {
			for (width = 0; isdigit(*fmt); fmt++)
				width = width * 10 + *fmt - '0';
			if (!width)
				return found;
		}
		if (*fmt == 'h' || *fmt == 'l' || *fmt == 'L' || *fmt == 'z' || *fmt == 'Z') {
			qualifier = *fmt == 'Z' ? 'z' : *fmt;
			fmt++;
			if ((qualifier == 'h' || qualifier == 'l') && *fmt == qualifier) {
				qualifier = qualifier == 'h' ? 'H' : 'L';
				fmt++;
			}
		}
		if (*fmt == 'n') {
			fmt++;
			if (!skip)
				*va_arg(args, int *) = s - buf;
			continue;
		}
		if (!*s)
			return found ? found : *fmt ? 0 : found;

		switch (*fmt++) {
		case 'c': {
			char *to = skip ? NULL : va_arg(args, char *);
			int n = width < 0 ? 1 : width;

			while (n-- > 0 && *s) {
				if (to)
					*to++ = *s;
				s++;
			}
			found += !skip;
			continue;
		}
		case 's': {
			char *to = skip ? NULL : va_arg(args, char *);

			s = after_spaces(s);
			while (*s && !isspace(*s) && width--) {
				if (to)
					*to++ = *s;
				s++;
			}
			if (to)
				*to = '\0';
			found += !skip;
			continue;
		}
		case '[': {
			DECLARE_BITMAP(set, 256);
			char *to = skip ? NULL : va_arg(args, char *);
			const char *from = s;

			fmt = read_set(fmt, set);
			if (!fmt)
				return found;
			while (*s && test_bit((u8)*s, set) && width--) {
				if (to)
					*to++ = *s;
				s++;
			}
			if (s == from)
				return found;
			if (to)
				*to = '\0';
			found += !skip;
			continue;
		}
		case 'o':
			base = 8;
			break;
		case 'x': case 'X':
			base = 16;
			break;
		case 'i':
			base = 0;
			is_signed = 1;
			break;
		case 'd':
			is_signed = 1;
			break;
		case 'u':
			break;
		default:
			return found;
		}
		s = after_spaces(s);
		s = scan_number(s, width, base, is_signed, &v);
		if (!s)
			return found;
		if (!skip) {
			store(va_arg(args, void *), qualifier, v);
			found++;
		}
	}
	return found;
}

int sscanf(const char *buf, const char *fmt, ...)
{
	va_list args;
	int found;

	va_start(args, fmt);
	found = vsscanf(buf, fmt, args);
	va_end(args);
	return found;
}
