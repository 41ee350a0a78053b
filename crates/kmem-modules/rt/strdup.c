/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Copies of strings and blocks, in memory that is the module's. */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/uaccess.h>

char *kstrdup(const char *s, gfp_t gfp)
{
	size_t size;
	char *p;

	if (!s)
		return NULL;
	size = strlen(s) + 1;
	p = kmalloc(size, gfp);
	return p ? memcpy(p, s, size) : NULL;
}

char *kvasprintf(gfp_t gfp, const char *fmt, va_list args)
{
	va_list again;
	size_t size;
	char *p;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, fmt, again) + 1;
	va_end(again);
	p = kmalloc(size, gfp);
	if (p)
		vsnprintf(p, size, fmt, args);
	return p;
}

char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	p = kvasprintf(gfp, fmt, args);
	va_end(args);
	return p;
}

#if KMEM_ERA >= 60

const char *kvasprintf_const(gfp_t gfp, const char *fmt, va_list args)
{
	return kvasprintf(gfp, fmt, args);
}

void *kmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *p = kmalloc(len, gfp);

	return p ? memcpy(p, src, len) : NULL;
}

void *kvmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *p = kvmalloc(len, gfp);

	return p ? memcpy(p, src, len) : NULL;
}

void *kmemdup_array(const void *src, size_t count, size_t element_size, gfp_t gfp)
{
	return kmemdup(src, size_mul(count, element_size), gfp);
}

char *kmemdup_nul(const char *s, size_t len, gfp_t gfp)
{
	char *p;

	if (!s)
		return NULL;
	p = kmalloc(len + 1, gfp);
	if (p) {
		memcpy(p, s, len);
		p[len] = '\0';
	}
	return p;
}

char *kstrndup(const char *s, size_t max, gfp_t gfp)
{
	return s ? kmemdup_nul(s, strnlen(s, max), gfp) : NULL;
}

const char *kstrdup_const(const char *s, gfp_t gfp)
{
	return kstrdup(s, gfp);
}

static void *filled_from_user(void *p, const void __user *src, size_t len)
{
	if (!p)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(p, src, len)) {
		kvfree(p);
		return ERR_PTR(-EFAULT);
	}
	return p;
}

void *memdup_user(const void __user *src, size_t len)
{
	return filled_from_user(kmalloc(len, GFP_USER | __GFP_NOWARN), src, len);
}

void *vmemdup_user(const void __user *src, size_t len)
{
	return filled_from_user(kvmalloc(len, GFP_USER), src, len);
}

void *memdup_array_user(const void __user *src, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return ERR_PTR(-EOVERFLOW);
	return memdup_user(src, bytes);
}

void *memdup_user_nul(const void __user *src, size_t len)
{
	char *p = filled_from_user(kmalloc(len + 1, GFP_KERNEL), src, len);

	if (!IS_ERR(p))
		p[len] = '\0';
	return p;
}

/* two arrays of pointers, each with a NULL at its end, as one */
void **__memcat_p(void **a, void **b)
{
	size_t i, n = 0, m = 0;
	void **both;

	while (a && a[n])
		n++;
	while (b && b[m])
		m++;
	both = kmalloc_array(n + m + 1, sizeof(*both), GFP_KERNEL);
	if (!both)
		return NULL;
	for (i = 0; i < n; i++)
		both[i] = a[i];
	for (i = 0; i < m; i++)
		both[n + i] = b[i];
	both[n + m] = NULL;
	return both;
}

static const char *skip_word(const char *s)
{
	while (*s && !isspace(*s))
		s++;
	return s;
}

/* the words of a string; the string's copy lies before the array, as argv_free knows */
char **argv_split(gfp_t gfp, const char *str, int *argcp)
{
	const char *s;
	char *copy, *p, **argv;
	int n = 0;

	for (s = skip_spaces(str); *s; s = skip_spaces(skip_word(s)))
		n++;
	copy = kstrndup(str, KMALLOC_MAX_SIZE - 1, gfp);
	if (!copy)
		return NULL;
	argv = kmalloc_array(n + 2, sizeof(*argv), gfp);
	if (!argv) {
		kfree(copy);
		return NULL;
	}
	*argv++ = copy;
	if (argcp)
		*argcp = n;
	n = 0;
	for (p = skip_spaces(copy); *p; p = skip_spaces(p)) {
		argv[n++] = p;
		p = (char *)skip_word(p);
		if (*p)
			*p++ = '\0';
	}
	argv[n] = NULL;
	return argv;
}

void argv_free(char **argv)
{
	argv--;
	kfree(argv[0]);
	kfree(argv);
}

#endif
