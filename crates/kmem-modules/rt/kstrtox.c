/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers out of strings: checked, of all widths, from user space too; and those of a command line. */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "rt.h"

unsigned long long memparse(const char *s, char **end)
{
	static const char units[] = "kmgtpe";
	char *rest;
	unsigned long long v = simple_strtoull(s, &rest, 0);
	const char *unit = *rest ? strchr(units, _tolower(*rest)) : NULL;

	if (unit && isalpha(*rest)) {
		v <<= 10 * (unit - units + 1);
		rest++;
	}
	if (end)
		*end = rest;
	return v;
}

/* 0 no number, 1 a number, 2 one with a comma behind it, 3 one with a minus */
int get_option(char **str, int *value)
{
	char *s = *str;
	long number;

	if (!s || !*s)
		return 0;
	/* a sign without a number is passed over all the same */
	number = *s == '-' ? -simple_strtoull(++s, str, 0) : simple_strtoull(s, str, 0);
	if (value)
		*value = number;
	if (s == *str)
		return 0;
	if (**str == ',') {
		(*str)++;
		return 2;
	}
	return **str == '-' ? 3 : 1;
}

/* numbers and ranges with commas between them; with no room at all they are only counted */
char *get_options(const char *str, int nints, int *ints)
{
	int counted = 0, room = nints ? nints - 1 : INT_MAX, more = 2;

	while (counted < room && more != 1) {
		int from, to, number;

		more = get_option((char **)&str, &from);
		if (!more)
			break;
		to = from;
		/* the upper end is the next number */
		if (more == 3) {
			str++;
			to = simple_strtol(str, NULL, 0) - 1;
			if (to + 1 < from) {
				/* it does not count, but stays where it was read to */
				if (nints)
					ints[counted + 1] = from;
				break;
			}
		}
		for (number = from; number <= to && counted < room; number++) {
			counted++;
			if (nints)
				ints[counted] = number;
		}
	}
	ints[0] = counted;
	return (char *)str;
}

#if KMEM_ERA >= 60

int kstrtoull(const char *s, unsigned int base, unsigned long long *res)
{
	return kmem_parse_ull(s, base, res);
}

int kstrtoll(const char *s, unsigned int base, long long *res)
{
	return kmem_parse_ll(s, base, res);
}

/* a narrower type, and the same from user space */
#define NARROWER(name, type, wide, parse)				\
int name(const char *s, unsigned int base, type *res)			\
{									\
	wide v;								\
	int err = parse(s, base, &v);					\
									\
	if (err)							\
		return err;						\
	if (v != (type)v)						\
		return -ERANGE;						\
	*res = v;							\
	return 0;							\
}
#define FROM_USER(name, type)						\
int name##_from_user(const char __user *s, size_t count, unsigned int base, type *res)	\
{									\
	char buf[1 + sizeof(type) * 8 + 1 + 1];	/* sign, binary digits, newline, 0 */	\
									\
	count = min(count, sizeof(buf) - 1);				\
	if (copy_from_user(buf, s, count))				\
		return -EFAULT;						\
	buf[count] = '\0';						\
	return name(buf, base, res);					\
}
NARROWER(kstrtoul, unsigned long, unsigned long long, kmem_parse_ull)
NARROWER(kstrtol, long, long long, kmem_parse_ll)
NARROWER(kstrtouint, unsigned int, unsigned long long, kmem_parse_ull)
NARROWER(kstrtoint, int, long long, kmem_parse_ll)
NARROWER(kstrtou16, u16, unsigned long long, kmem_parse_ull)
NARROWER(kstrtos16, s16, long long, kmem_parse_ll)
NARROWER(kstrtou8, u8, unsigned long long, kmem_parse_ull)
NARROWER(kstrtos8, s8, long long, kmem_parse_ll)
NARROWER(_kstrtoul, unsigned long, unsigned long long, kmem_parse_ull)
NARROWER(_kstrtol, long, long long, kmem_parse_ll)
FROM_USER(kstrtoull, unsigned long long)
FROM_USER(kstrtoll, long long)
FROM_USER(kstrtoul, unsigned long)
FROM_USER(kstrtol, long)
FROM_USER(kstrtouint, unsigned int)
FROM_USER(kstrtoint, int)
FROM_USER(kstrtou16, u16)
FROM_USER(kstrtos16, s16)
FROM_USER(kstrtou8, u8)
FROM_USER(kstrtos8, s8)
#undef NARROWER
#undef FROM_USER

int kstrtobool(const char *s, bool *res)
{
	if (!s)
		return -EINVAL;
	switch (s[0]) {
	case 'y': case 'Y': case 't': case 'T': case '1':
		*res = true;
		return 0;
	case 'n': case 'N': case 'f': case 'F': case '0':
		*res = false;
		return 0;
	case 'o': case 'O':
		if (_tolower(s[1]) == 'n' || _tolower(s[1]) == 'f') {
			*res = _tolower(s[1]) == 'n';
			return 0;
		}
	}
	return -EINVAL;
}

int kstrtobool_from_user(const char __user *s, size_t count, bool *res)
{
	char buf[4];

	count = min(count, sizeof(buf) - 1);
	if (copy_from_user(buf, s, count))
		return -EFAULT;
	buf[count] = '\0';
	return kstrtobool(buf, res);
}

#endif
