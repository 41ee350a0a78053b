/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strings for people: sizes with units, escapes, case. */
#pragma once
#include <linux/bits.h>
#include <linux/ctype.h>
#include <linux/string.h>
#include <linux/string_choices.h>
#include <linux/types.h>

enum string_size_units {
	STRING_UNITS_10,
	STRING_UNITS_2,
	STRING_UNITS_MASK = BIT(0),
	STRING_UNITS_NO_SPACE = BIT(30),
	STRING_UNITS_NO_BYTES = BIT(31),
};

int string_get_size(u64 size, u64 block_size, enum string_size_units units, char *buf, int len);
char *kstrdup_quotable(const char *src, gfp_t gfp);
void kfree_strarray(char **array, size_t n);
char **kasprintf_strarray(gfp_t gfp, const char *prefix, size_t n);

static inline void string_upper(char *dst, const char *src)
{
	do {
		*dst++ = toupper(*src);
	} while (*src++);
}

static inline void string_lower(char *dst, const char *src)
{
	do {
		*dst++ = tolower(*src);
	} while (*src++);
}

static inline bool string_is_terminated(const char *s, int len)
{
	return memchr(s, '\0', len) != NULL;
}
