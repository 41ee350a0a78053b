/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strings and blocks of memory. */
#include <linux/bug.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "kasan.h"

/* the compiler must not make calls of memset or strlen out of their own loops */
#pragma GCC push_options
#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* a word of text, wherever it begins */
typedef unsigned int __attribute__((may_alias, aligned(1))) word_t;

/* from the lowest byte on: right where the target begins below the source, however near; a word at a time, since the CPU's
   own copying is slow where both are near each other */
static inline void copy_up(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

#if defined(__i386__) || defined(__x86_64__)
	if (n >= 128 && (unsigned long)d - (unsigned long)s + 64 > 128) {
		__asm__ __volatile__("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
		return;
	}
#endif
	for (; n >= sizeof(word_t); n -= sizeof(word_t), d += sizeof(word_t), s += sizeof(word_t))
		*(word_t *)d = *(const word_t *)s;
	while (n--)
		*d++ = *s++;
}

/* from the highest byte on */
static inline void copy_down(char *dst, const char *src, size_t n)
{
	for (; n >= sizeof(word_t); n -= sizeof(word_t))
		*(word_t *)(dst + n - sizeof(word_t)) = *(const word_t *)(src + n - sizeof(word_t));
	while (n--)
		dst[n] = src[n];
}

static inline void fill(void *s, int c, size_t n)
{
#if defined(__i386__) || defined(__x86_64__)
	__asm__ __volatile__("rep stosb" : "+D"(s), "+c"(n) : "a"(c) : "memory");
#else
	char *p = s;

	while (n--)
		*p++ = c;
#endif
}

void *memset(void *s, int c, size_t n)
{
	writes(s, n);
	fill(s, c, n);
	return s;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	reads(src, n);
	writes(dst, n);
	copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	reads(src, n);
	writes(dst, n);
	if ((unsigned long)d - (unsigned long)s >= n)
		copy_up(dst, src, n);
	else
		copy_down(d, s, n);
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	reads(a, n);
	reads(b, n);
	while (n >= sizeof(word_t) && *(const word_t *)p == *(const word_t *)q) {
		p += sizeof(word_t);
		q += sizeof(word_t);
		n -= sizeof(word_t);
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

void *memscan(void *s, int c, size_t n)
{
	void *found = memchr(s, c, n);

	return found ? found : (char *)s + n;
}

size_t strnlen(const char *s, size_t count)
{
	size_t n = 0;

	while (n < count && s[n])
		n++;
	reads(s, n < count ? n + 1 : n);
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, -1);
}

char *strcpy(char *dst, const char *src)
{
	return memcpy(dst, src, strlen(src) + 1);
}

char *strncpy(char *dst, const char *src, size_t n)
{
	size_t len = strnlen(src, n);

	memcpy(dst, src, len);
	memset(dst + len, 0, n - len);
	return dst;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

char *strcat(char *dst, const char *src)
{
	strcpy(dst + strlen(dst), src);
	return dst;
}

char *strncat(char *dst, const char *src, size_t n)
{
	char *end = dst + strlen(dst);
	size_t len = strnlen(src, n);

	memcpy(end, src, len);
	end[len] = '\0';
	return dst;
}

size_t strlcat(char *dst, const char *src, size_t size)
{
	size_t have = strnlen(dst, size);

	BUG_ON(have >= size);
	return have + strlcpy(dst + have, src, size - have);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		unsigned char c = *a, d = *b;

		if (c != d)
			return c < d ? -1 : 1;
		if (!c)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, -1);
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		unsigned char c = tolower(*a), d = tolower(*b);

		if (c != d)
			return c - d;
		if (!c)
			break;
	}
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, -1);
}

int strnicmp(const char *a, const char *b, size_t n)
{
	return strncasecmp(a, b, n);
}

char *strnchr(const char *s, size_t n, int c)
{
	for (; n; n--, s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			break;
	}
	return NULL;
}

char *strchr(const char *s, int c)
{
	return strnchr(s, -1, c);
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; strncmp(s, what, n); s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

static size_t span(const char *s, const char *set, int in)
{
	size_t n = 0;

	while (s[n] && !strchr(set, s[n]) == !in)
		n++;
	return n;
}

size_t strspn(const char *s, const char *accept)
{
	return span(s, accept, 1);
}

size_t strcspn(const char *s, const char *reject)
{
	return span(s, reject, 0);
}

char *strpbrk(const char *s, const char *accept)
{
	s += strcspn(s, accept);
	return *s ? (char *)s : NULL;
}

char *strsep(char **s, const char *ct)
{
	char *begin = *s, *end;

	if (!begin)
		return NULL;
	end = strpbrk(begin, ct);
	if (end)
		*end++ = '\0';
	*s = end;
	return begin;
}

#if KMEM_ERA >= 60

void *memset16(u16 *s, u16 v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = v;
	return s;
}

void *memset32(u32 *s, u32 v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = v;
	return s;
}

void *memset64(u64 *s, u64 v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = v;
	return s;
}

/* the first byte that is another one */
void *memchr_inv(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++)
		if (*p != (unsigned char)c)
			return (void *)p;
	return NULL;
}

size_t memweight(const void *ptr, size_t bytes)
{
	const unsigned char *p = ptr;
	size_t n = 0;

	while (bytes--)
		n += hweight8(*p++);
	return n;
}

int bcmp(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n);
}

ssize_t kmem_strscpy(char *dst, const char *src, size_t size)
{
	size_t len;

	if (!size || (ssize_t)size < 0)
		return -E2BIG;
	len = strnlen(src, size);
	if (len == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(dst, src, len + 1);
	return len;
}

ssize_t kmem_strscpy_pad(char *dst, const char *src, size_t size)
{
	ssize_t len = kmem_strscpy(dst, src, size);

	if (len >= 0)
		memset(dst + len, 0, size - len);
	return len;
}

/* as functions, for who takes their addresses */
ssize_t (strscpy)(char *dst, const char *src, size_t size)
{
	return kmem_strscpy(dst, src, size);
}

ssize_t (strscpy_pad)(char *dst, const char *src, size_t size)
{
	return kmem_strscpy_pad(dst, src, size);
}

char *stpcpy(char *dst, const char *src)
{
	size_t len = strlen(src);

	memcpy(dst, src, len + 1);
	return dst + len;
}

char *strnchrnul(const char *s, size_t n, int c)
{
	while (n-- && *s && *s != (char)c)
		s++;
	return (char *)s;
}

char *strchrnul(const char *s, int c)
{
	return strnchrnul(s, -1, c);
}

char *strnstr(const char *s, const char *what, size_t len)
{
	size_t n = strlen(what);

	for (; n <= len; len--, s++) {
		if (!memcmp(s, what, n))
			return (char *)s;
	}
	return NULL;
}

/* gives the end of the string from 6.5 on, before that too */
char *strreplace(char *s, char old, char new)
{
	char *p = s;

	for (; *p; p++)
		if (*p == old)
			*p = new;
	return LINUX_VERSION_CODE >= 0x060600 ? s : p;
}

char *skip_spaces(const char *s)
{
	while (isspace(*s))
		s++;
	return (char *)s;
}

char *strim(char *s)
{
	size_t n = strlen(s);

	while (n && isspace(s[n - 1]))
		n--;
	s[n] = '\0';
	return skip_spaces(s);
}

bool sysfs_streq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 1;
	if (!*a && *b == '\n' && !b[1])
		return 1;
	return *a == '\n' && !a[1] && !*b;
}

void memcpy_and_pad(void *dst, size_t dst_len, const void *src, size_t count, int pad)
{
	size_t n = count < dst_len ? count : dst_len;

	memcpy(dst, src, n);
	memset((char *)dst + n, pad, dst_len - n);
}

int match_string(const char *const *array, size_t n, const char *string)
{
	size_t i;

	for (i = 0; i < n && array[i]; i++)
		if (!strcmp(array[i], string))
			return i;
	return -EINVAL;
}

int __sysfs_match_string(const char *const *array, size_t n, const char *s)
{
	size_t i;

	for (i = 0; i < n && array[i]; i++)
		if (sysfs_streq(array[i], s))
			return i;
	return -EINVAL;
}

const char *kbasename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

#endif

#pragma GCC pop_options
