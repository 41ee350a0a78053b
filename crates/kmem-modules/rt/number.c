/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers out of strings: the digits themselves, and the simple functions that stop where the digits do. */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include "rt.h"

/* base 0: as C writes it; a 0x in front is passed over */
static const char *fix_base(const char *s, unsigned int *base)
{
	int hex = s[0] == '0' && _tolower(s[1]) == 'x' && isxdigit(s[2]);

	if (*base == 0)
		*base = s[0] != '0' ? 10 : hex ? 16 : 8;
	if (*base == 16 && s[0] == '0' && _tolower(s[1]) == 'x')
		s += 2;
	return s;
}

/* digits of at most max characters; where they end; whether they fitted */
static const char *digits(const char *s, unsigned int base, size_t max,
			  unsigned long long *res, int *overflow)
{
	unsigned long long v = 0;

	*overflow = 0;
	for (; max && *s; s++, max--) {
		int d = hex_to_bin(*s);

		if (d < 0 || d >= (int)base)
			break;
		if (__builtin_mul_overflow(v, (unsigned long long)base, &v) ||
		    __builtin_add_overflow(v, (unsigned long long)d, &v))
			*overflow = 1;
	}
	*res = v;
	return s;
}

/* the kernel's own names for the two, which some of its libraries call; the top bit says that it did not fit */
const char *_parse_integer_fixup_radix(const char *s, unsigned int *base)
{
	return fix_base(s, base);
}

unsigned int _parse_integer_limit(const char *s, unsigned int base, unsigned long long *res,
				  size_t max)
{
	int overflow;
	unsigned int n = digits(s, base, max, res, &overflow) - s;

	return overflow ? n | 1U << 31 : n;
}

unsigned int _parse_integer(const char *s, unsigned int base, unsigned long long *res)
{
	return _parse_integer_limit(s, base, res, INT_MAX);
}

static int whole_number(const char *s, unsigned int base, unsigned long long *res)
{
	unsigned long long v;
	const char *end;
	int overflow;

	s = fix_base(s, &base);
	end = digits(s, base, -1, &v, &overflow);
	if (overflow)
		return -ERANGE;
	if (end == s)
		return -EINVAL;
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	*res = v;
	return 0;
}

int kmem_parse_ull(const char *s, unsigned int base, unsigned long long *res)
{
	return whole_number(s[0] == '+' ? s + 1 : s, base, res);
}

int kmem_parse_ll(const char *s, unsigned int base, long long *res)
{
	unsigned long long v;
	int err;

	if (s[0] == '-') {
		err = whole_number(s + 1, base, &v);
		if (!err && (long long)-v > 0)
			err = -ERANGE;
		v = -v;
	} else {
		err = kmem_parse_ull(s, base, &v);
		if (!err && (long long)v < 0)
			err = -ERANGE;
	}
	if (!err)
		*res = v;
	return err;
}

/* a field of max characters: what is too short for more than the 0x is passed over as 0 */
const char *kmem_scan_ull(const char *s, unsigned int base, size_t max, unsigned long long *res)
{
	const char *from = fix_base(s, &base);
	int overflow;

	if ((size_t)(from - s) < max)
		return digits(from, base, max - (from - s), res, &overflow);
	*res = 0;
	return s + max;
}

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
{
	unsigned long long v;

	s = kmem_scan_ull(s, base, -1, &v);
	if (end)
		*end = (char *)s;
	return v;
}

unsigned long simple_strtoul(const char *s, char **end, unsigned int base)
{
	return simple_strtoull(s, end, base);
}

long long simple_strtoll(const char *s, char **end, unsigned int base)
{
	return *s == '-' ? -simple_strtoull(s + 1, end, base) : simple_strtoull(s, end, base);
}

long simple_strtol(const char *s, char **end, unsigned int base)
{
	return *s == '-' ? -simple_strtoul(s + 1, end, base) : simple_strtoul(s, end, base);
}
