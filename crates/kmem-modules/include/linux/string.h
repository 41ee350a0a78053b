/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strings and blocks of memory. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/errno.h>
#include <linux/stdarg.h>

void *memset(void *s, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
void *memscan(void *s, int c, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t count);
char *strcpy(char *dst, const char *src);
char *strncpy(char *dst, const char *src, size_t n);
size_t strlcpy(char *dst, const char *src, size_t size);
size_t strlcat(char *dst, const char *src, size_t size);
char *strcat(char *dst, const char *src);
char *strncat(char *dst, const char *src, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strnicmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strnchr(const char *s, size_t n, int c);
char *strstr(const char *s, const char *what);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strpbrk(const char *s, const char *accept);
char *strsep(char **s, const char *ct);
char *kstrdup(const char *s, gfp_t gfp);

#if KMEM_ERA >= 60
void *memset16(u16 *s, u16 v, size_t n);
void *memset32(u32 *s, u32 v, size_t n);
void *memset64(u64 *s, u64 v, size_t n);
void *memchr_inv(const void *s, int c, size_t n);
char *strchrnul(const char *s, int c);
char *strnchrnul(const char *s, size_t n, int c);
char *strnstr(const char *s, const char *what, size_t len);
char *strreplace(char *s, char old, char new);
char *stpcpy(char *dst, const char *src);
char *skip_spaces(const char *s);
char *strim(char *s);
bool sysfs_streq(const char *a, const char *b);
int match_string(const char *const *array, size_t n, const char *string);
int __sysfs_match_string(const char *const *array, size_t n, const char *s);
const char *kbasename(const char *path);
char *kstrndup(const char *s, size_t max, gfp_t gfp);
const char *kstrdup_const(const char *s, gfp_t gfp);
void *kmemdup(const void *src, size_t len, gfp_t gfp);
void *kvmemdup(const void *src, size_t len, gfp_t gfp);
void *kmemdup_array(const void *src, size_t count, size_t element_size, gfp_t gfp);
char *kmemdup_nul(const char *s, size_t len, gfp_t gfp);
void *memdup_user(const void __user *src, size_t len);
void *vmemdup_user(const void __user *src, size_t len);
void *memdup_array_user(const void __user *src, size_t n, size_t size);
void *memdup_user_nul(const void __user *src, size_t len);
char *strndup_user(const char __user *s, long n);
void **__memcat_p(void **a, void **b);
char **argv_split(gfp_t gfp, const char *str, int *argcp);
void argv_free(char **argv);
ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *ppos,
				const void *from, size_t available);
void memcpy_and_pad(void *dst, size_t dst_len, const void *src, size_t count, int pad);
size_t memweight(const void *ptr, size_t bytes);
int bcmp(const void *a, const void *b, size_t n);
ssize_t kmem_strscpy(char *dst, const char *src, size_t size);
ssize_t kmem_strscpy_pad(char *dst, const char *src, size_t size);

ssize_t strscpy(char *dst, const char *src, size_t size);
ssize_t strscpy_pad(char *dst, const char *src, size_t size);

static inline char *strstrip(char *s)
{
	return strim(s);
}

/* strscpy(dst, src) for an array, strscpy(dst, src, size) for any */
#define __kmem_2nd(a, b, ...)	b
#define strscpy(dst, src, size...)	\
	kmem_strscpy(dst, src, __kmem_2nd(0, ##size, sizeof(dst), 0))
#define strscpy_pad(dst, src, size...)	\
	kmem_strscpy_pad(dst, src, __kmem_2nd(0, ##size, sizeof(dst), 0))
#define sized_strscpy(dst, src, size)	kmem_strscpy(dst, src, size)
#define strtomem(dst, src)	memcpy(dst, src, min(sizeof(dst), strlen(src)))
#define strtomem_pad(dst, src, pad) do {				\
	const size_t __dst_len = sizeof(dst);				\
	const size_t __src_len = strnlen(src, __dst_len);		\
	memcpy(dst, src, __src_len);					\
	memset((char *)(dst) + __src_len, pad, __dst_len - __src_len);	\
} while (0)
#define memtostr(dst, src) do {						\
	const size_t __n = strnlen(src, min(sizeof(src), sizeof(dst) - 1)); \
	memcpy(dst, src, __n);						\
	(dst)[__n] = '\0';						\
} while (0)
#define memtostr_pad(dst, src) do {					\
	const size_t __n = strnlen(src, min(sizeof(src), sizeof(dst) - 1)); \
	memcpy(dst, src, __n);						\
	memset((char *)(dst) + __n, '\0', sizeof(dst) - __n);		\
} while (0)
#define memset_after(obj, v, member)	\
	memset((u8 *)(obj) + offsetofend(__typeof__(*(obj)), member), v,	\
	       sizeof(*(obj)) - offsetofend(__typeof__(*(obj)), member))
#define memset_startat(obj, v, member)	\
	memset((u8 *)(obj) + offsetof(__typeof__(*(obj)), member), v,	\
	       sizeof(*(obj)) - offsetof(__typeof__(*(obj)), member))
#define memset_l(p, v, n)	\
	(sizeof(long) == 4 ? memset32((u32 *)(p), v, n) : memset64((u64 *)(p), v, n))
#define memset_p(p, v, n)	memset_l((unsigned long *)(p), (uintptr_t)(v), n)
#define memcat_p(a, b) ({						\
	_Static_assert(__same_type(*(a), *(b)), "memcat_p: arrays of two types");	\
	(__typeof__(*(a)) *)__memcat_p((void **)(a), (void **)(b)); })
#define sysfs_match_string(array, s)	__sysfs_match_string(array, ARRAY_SIZE(array), s)
#define unsafe_memcpy(dst, src, bytes, why)	memcpy(dst, src, bytes)

static inline void memzero_explicit(void *s, size_t count)
{
	memset(s, 0, count);
	barrier_data(s);
}

static inline bool strstarts(const char *str, const char *prefix)
{
	return strncmp(str, prefix, strlen(prefix)) == 0;
}

static inline size_t str_has_prefix(const char *str, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(str, prefix, len) == 0 ? len : 0;
}

static inline bool mem_is_zero(const void *s, size_t n)
{
	return !memchr_inv(s, 0, n);
}
#endif
