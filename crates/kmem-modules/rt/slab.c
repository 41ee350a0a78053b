/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is made of kmalloc and vmalloc together. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/bug.h>
#include <kmem/host.h>

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

	/* all of it may hold something */
	kmem_host_resized(p, size);
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

void *kmem_kvrealloc(const void *p, size_t size, gfp_t gfp)
{
	gfp_t first = gfp;
	void *new;

	if (is_vmalloc_addr(p))
		return vrealloc(p, size, gfp);
	if (size > PAGE_SIZE) {
		first |= __GFP_NOWARN;
		if (!(first & __GFP_RETRY_MAYFAIL))
			first |= __GFP_NORETRY;
		first &= ~__GFP_NOFAIL;
	}
	new = krealloc(p, size, first);
	if (new)
		return new;
	new = kvmalloc(size, gfp);
	if (new && p) {
		kmem_host_resized(p, ksize(p));
		memcpy(new, p, min(ksize(p), size));
		kfree(p);
	}
	return new;
}

/* an area never shrinks; one that must grow moves */
void *vrealloc(const void *p, size_t size, gfp_t gfp)
{
	size_t old = 0;
	void *new;

	if (!size) {
		vfree(p);
		return NULL;
	}
	if (p) {
		old = kmem_host_vmalloc_bytes(p);
		if (!old) {
			WARN(1, "Trying to vrealloc() nonexistent vm area (%p)\n", p);
			return NULL;
		}
	}
	/* of an area all pages are the caller's, whatever it asked for */
	kmem_host_resized(p, old);
	if (size <= old) {
		if (gfp & __GFP_ZERO)
			memset((void *)p + size, 0, old - size);
		kmem_host_resized(p, size);
		return (void *)p;
	}
	new = __vmalloc(size, gfp);
	if (new && p) {
		memcpy(new, p, old);
		vfree(p);
	}
	return new;
}

void *kmem_kvrealloc_sized(const void *p, size_t oldsize, size_t newsize, gfp_t gfp)
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
