/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* To and from user space, built on the host's copying. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos,
				const void *from, size_t available)
{
	loff_t pos = *ppos;
	size_t missed;

	if (pos < 0)
		return -EINVAL;
	if (pos >= available || !count)
		return 0;
	count = min_t(size_t, count, available - pos);
	missed = copy_to_user(to, (const char *)from + pos, count);
	if (missed == count)
		return -EFAULT;
	*ppos = pos + count - missed;
	return count - missed;
}

#if KMEM_ERA >= 60

ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *ppos,
			       const void __user *from, size_t count)
{
	loff_t pos = *ppos;
	size_t missed;

	if (pos < 0)
		return -EINVAL;
	if (pos >= available || !count)
		return 0;
	count = min_t(size_t, count, available - pos);
	missed = copy_from_user((char *)to + pos, from, count);
	if (missed == count)
		return -EFAULT;
	*ppos = pos + count - missed;
	return count - missed;
}

ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *ppos,
				const void *from, size_t available)
{
	loff_t pos = *ppos;

	if (pos < 0)
		return -EINVAL;
	if (pos >= available)
		return 0;
	count = min_t(size_t, count, available - pos);
	memcpy(to, (const char *)from + pos, count);
	*ppos = pos + count;
	return count;
}

/* the length with its 0, above n when there is none, 0 when it cannot be read */
long strnlen_user(const char __user *s, long n)
{
	long len;
	char c;

	for (len = 0; len < n; len++) {
		if (get_user(c, s + len))
			return 0;
		if (!c)
			return len + 1;
	}
	return n + 1;
}

char *strndup_user(const char __user *s, long n)
{
	long len = strnlen_user(s, n);
	char *p;

	if (!len)
		return ERR_PTR(-EFAULT);
	if (len > n)
		return ERR_PTR(-EINVAL);
	p = memdup_user(s, len);
	if (!IS_ERR(p))
		p[len - 1] = '\0';
	return p;
}

int check_zeroed_user(const void __user *from, size_t size)
{
	const char __user *p = from;
	char c;

	for (; size; size--, p++) {
		if (get_user(c, p))
			return -EFAULT;
		if (c)
			return 0;
	}
	return 1;
}

int copy_struct_from_user(void *dst, size_t ksize, const void __user *src, size_t usize)
{
	size_t size = min(ksize, usize);

	if (usize < ksize) {
		memset((char *)dst + size, 0, ksize - size);
	} else if (usize > ksize) {
		int zero = check_zeroed_user((const char __user *)src + size, usize - ksize);

		if (zero <= 0)
			return zero ? zero : -E2BIG;
	}
	return copy_from_user(dst, src, size) ? -EFAULT : 0;
}

void iov_iter_advance(struct iov_iter *i, size_t bytes)
{
	i->ubuf += bytes;
	i->count -= bytes;
}

void iov_iter_revert(struct iov_iter *i, size_t bytes)
{
	i->ubuf -= bytes;
	i->count += bytes;
}

size_t copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i)
{
	bytes = min(bytes, i->count);
	bytes -= copy_to_user(i->ubuf, addr, bytes);
	iov_iter_advance(i, bytes);
	return bytes;
}

size_t copy_from_iter(void *addr, size_t bytes, struct iov_iter *i)
{
	bytes = min(bytes, i->count);
	bytes -= copy_from_user(addr, i->ubuf, bytes);
	iov_iter_advance(i, bytes);
	return bytes;
}

size_t iov_iter_zero(size_t bytes, struct iov_iter *i)
{
	bytes = min(bytes, i->count);
	bytes -= clear_user(i->ubuf, bytes);
	iov_iter_advance(i, bytes);
	return bytes;
}

size_t copy_page_to_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	char *addr = kmap_local_page(page);

	bytes = copy_to_iter(addr + offset, bytes, i);
	kunmap_local(addr);
	return bytes;
}

size_t copy_page_from_iter(struct page *page, size_t offset, size_t bytes, struct iov_iter *i)
{
	char *addr = kmap_local_page(page);

	bytes = copy_from_iter(addr + offset, bytes, i);
	kunmap_local(addr);
	return bytes;
}

#endif
