/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is made of kmalloc and vmalloc together. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/bug.h>

#if KMEM_ERA >= 60

/* kmalloc if it can without effort, else vmalloc if the caller may sleep */
void *kvmalloc(size_t size, gfp_t gfp)
{
	gfp_t first = gfp;
	void *p;

	if (size > PAGE_SIZE) {
		first |= __GFP_NOWARN;
		if (!(first & __GFP_RETRY_MAYFAIL))
			first |= __GFP_NORETRY;
		first &= ~__GFP_NOFAIL;
	}
	p = kmalloc(size, first);
	if (p || size <= PAGE_SIZE || !gfpflags_allow_blocking(gfp))
		return p;
	if (size > INT_MAX) {
		WARN_ON_ONCE(!(gfp & __GFP_NOWARN));
		return NULL;
	}
	return __vmalloc(size, gfp);
}

void kvfree(const void *p)
{
	if (is_vmalloc_addr(p))
		vfree(p);
	else
		kfree(p);
}

void kfree_sensitive(const void *p)
{
	size_t size = ksize(p);

	if (size)
		memzero_explicit((void *)p, size);
	kfree(p);
}

void kvfree_sensitive(const void *p, size_t len)
{
	if (ZERO_OR_NULL_PTR(p))
		return;
	memzero_explicit((void *)p, len);
	kvfree(p);
}

#if LINUX_VERSION_CODE >= 0x060c00
void *kvrealloc(const void *p, size_t size, gfp_t gfp)
{
	void *new;

	if (!is_vmalloc_addr(p)) {
		new = krealloc(p, size, gfp | __GFP_NOWARN | (size > PAGE_SIZE ? __GFP_NORETRY : 0));
		if (new || size <= PAGE_SIZE)
			return new;
	}
	if (!size) {
		kvfree(p);
		return ZERO_SIZE_PTR;
	}
	new = kvmalloc(size, gfp);
	if (new && p) {
		size_t old = is_vmalloc_addr(p) ? size : ksize(p);

		memcpy(new, p, min(old, size));
		kvfree(p);
	}
	return new;
}
#else
void *kvrealloc(const void *p, size_t oldsize, size_t newsize, gfp_t gfp)
{
	void *new;

	if (oldsize >= newsize)
		return (void *)p;
	new = kvmalloc(newsize, gfp);
	if (new) {
		memcpy(new, p, oldsize);
		kvfree(p);
	}
	return new;
}
#endif

void *vmalloc_array(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : vmalloc(bytes);
}

void *vcalloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : vzalloc(bytes);
}

#endif
