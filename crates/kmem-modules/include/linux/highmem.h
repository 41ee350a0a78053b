/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Windows onto pages that have no address of their own. */
#pragma once
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/string.h>
#include <linux/hardirq.h>
#include <asm/kmap_types.h>
#include <kmem/host.h>

void *kmap(struct page *page);
void kunmap(struct page *page);
void *kmem_host_kmap(struct page *page);
void kmem_host_kunmap(struct page *page);
unsigned long kmem_totalhigh_pages(void);
unsigned long kmem_nr_free_highpages(void);

#define nr_free_highpages()	kmem_nr_free_highpages()
#define flush_dcache_page(page)	do { } while (0)
#define flush_kernel_dcache_page(page)	do { } while (0)
#define kmap_flush_unused()	do { } while (0)

#if KMEM_ERA >= 60
void *kmap_atomic(struct page *page);
void *kmap_local_page(struct page *page);

#define totalhigh_pages()	kmem_totalhigh_pages()

/* nobody may sleep between kmap_atomic and kunmap_atomic: the count says so, on this side of the call */
#define kmap_atomic(page)	(kmem_preempt_count++, kmap_atomic(page))
#define kmap_atomic_pfn(pfn)	kmap_atomic(pfn_to_page(pfn))
#define kmap_atomic_prot(page, prot)	kmap_atomic(page)
#define kunmap_atomic(addr) do {					\
	BUILD_BUG_ON(__same_type((addr), struct page *));		\
	kmem_host_kunmap_atomic((void *)(addr));			\
	kmem_preempt_count--;						\
} while (0)
#define kunmap_local(addr) do {						\
	BUILD_BUG_ON(__same_type((addr), struct page *));		\
	kmem_host_kunmap_local((void *)(addr));				\
} while (0)
#define kmap_local_page_prot(page, prot)	kmap_local_page(page)
#define kmap_local_pfn(pfn)	kmap_local_page(pfn_to_page(pfn))
#define kmap_local_folio(folio, offset)					\
	(kmap_local_page(folio_page(folio, (offset) / PAGE_SIZE)) + (offset) % PAGE_SIZE)

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	char *to = kmap_local_page(page);

	memcpy(to + offset, from, len);
	kunmap_local(to);
}

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	char *from = kmap_local_page(page);

	memcpy(to, from + offset, len);
	kunmap_local(from);
}

static inline void memset_page(struct page *page, size_t offset, int val, size_t len)
{
	char *addr = kmap_local_page(page);

	memset(addr + offset, val, len);
	kunmap_local(addr);
}

static inline void memzero_page(struct page *page, size_t offset, size_t len)
{
	memset_page(page, offset, 0, len);
}

static inline void memcpy_page(struct page *dst_page, size_t dst_off,
			       struct page *src_page, size_t src_off, size_t len)
{
	char *dst = kmap_local_page(dst_page), *src = kmap_local_page(src_page);

	memcpy(dst + dst_off, src + src_off, len);
	kunmap_local(src);
	kunmap_local(dst);
}

static inline void memmove_page(struct page *dst_page, size_t dst_off,
				struct page *src_page, size_t src_off, size_t len)
{
	char *dst = kmap_local_page(dst_page), *src = kmap_local_page(src_page);

	memmove(dst + dst_off, src + src_off, len);
	kunmap_local(src);
	kunmap_local(dst);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	memcpy_page(to, 0, from, 0, PAGE_SIZE);
}

static inline void clear_highpage(struct page *page)
{
	memzero_page(page, 0, PAGE_SIZE);
}

#define clear_user_highpage(page, vaddr)	clear_highpage(page)
#define copy_user_highpage(to, from, vaddr, vma)	copy_highpage(to, from)
#define zero_user(page, start, size)	memzero_page(page, start, size)
#define zero_user_segment(page, start, end)	memzero_page(page, start, (end) - (start))
#else
void *kmap_atomic(struct page *page, enum km_type type);

/* nobody may sleep between kmap_atomic and kunmap_atomic: the count says so, on this side of the call */
#define kmap_atomic(page, type)	(kmem_preempt_count++, kmap_atomic(page, type))
#define kunmap_atomic(addr, type) do {					\
	kmem_host_kunmap_atomic((void *)(addr));			\
	(void)(type);							\
	kmem_preempt_count--;						\
} while (0)

static inline void clear_highpage(struct page *page)
{
	void *addr = kmap_atomic(page, KM_USER0);

	memset(addr, 0, PAGE_SIZE);
	kunmap_atomic(addr, KM_USER0);
}

static inline void copy_highpage(struct page *to, struct page *from)
{
	char *src = kmap_atomic(from, KM_USER0), *dst = kmap_atomic(to, KM_USER1);

	memcpy(dst, src, PAGE_SIZE);
	kunmap_atomic(dst, KM_USER1);
	kunmap_atomic(src, KM_USER0);
}

static inline void memclear_highpage_flush(struct page *page, unsigned int offset, unsigned int size)
{
	char *addr = kmap_atomic(page, KM_USER0);

	memset(addr + offset, 0, size);
	kunmap_atomic(addr, KM_USER0);
}
#endif
