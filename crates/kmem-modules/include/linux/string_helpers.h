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

/* which of a string's escapes are undone */
#define UNESCAPE_SPACE	BIT(0)
#define UNESCAPE_OCTAL	BIT(1)
#define UNESCAPE_HEX	BIT(2)
#define UNESCAPE_SPECIAL	BIT(3)
#define UNESCAPE_ANY	(UNESCAPE_SPACE | UNESCAPE_OCTAL | UNESCAPE_HEX | UNESCAPE_SPECIAL)
#define UNESCAPE_ALL_MASK	GENMASK(3, 0)

int string_unescape(char *src, char *dst, size_t size, unsigned int flags);
#define string_unescape_inplace(buf, flags)	string_unescape((buf), (buf), 0, (flags))
#define string_unescape_any(src, dst, size)	string_unescape((src), (dst), (size), UNESCAPE_ANY)
#define string_unescape_any_inplace(buf)	string_unescape((buf), (buf), 0, UNESCAPE_ANY)

/* which bytes are escaped, and how */
#define ESCAPE_SPACE	BIT(0)
#define ESCAPE_SPECIAL	BIT(1)
#define ESCAPE_NULL	BIT(2)
#define ESCAPE_OCTAL	BIT(3)
#define ESCAPE_ANY	(ESCAPE_SPACE | ESCAPE_OCTAL | ESCAPE_SPECIAL | ESCAPE_NULL)
#define ESCAPE_NP	BIT(4)
#define ESCAPE_ANY_NP	(ESCAPE_ANY | ESCAPE_NP)
#define ESCAPE_HEX	BIT(5)
#define ESCAPE_NA	BIT(6)
#define ESCAPE_NAP	BIT(7)
#define ESCAPE_APPEND	BIT(8)
#define ESCAPE_ALL_MASK	GENMASK(8, 0)

int string_escape_mem(const char *src, size_t isz, char *dst, size_t osz, unsigned int flags, const char *only);
#define string_escape_mem_any_np(src, isz, dst, osz, only)	\
	string_escape_mem((src), (isz), (dst), (osz), ESCAPE_ANY_NP, (only))
#define string_escape_mem_ascii(src, isz, dst, osz)	\
	string_escape_mem((src), (isz), (dst), (osz), ESCAPE_ANY_NP, NULL)
#define string_escape_str(src, dst, sz, flags, only)	\
	string_escape_mem((src), strlen(src), (dst), (sz), (flags), (only))
#define string_escape_str_any_np(src, dst, sz, only)	\
	string_escape_str((src), (dst), (sz), ESCAPE_ANY_NP, (only))

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
