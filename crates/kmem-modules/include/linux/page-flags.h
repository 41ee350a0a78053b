/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The flags of a page that a module may set; what kind of memory it is, the page frame number tells. */
#pragma once
#include <linux/mm_types.h>
#include <linux/bitops.h>
#include <linux/mmzone.h>

enum pageflags {
	PG_locked,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_active,
	PG_reserved,
	PG_private,
	PG_error,
	PG_owner_priv_1,
};

#define __KMEM_PAGEFLAG(name, bit)					\
	static inline int Page##name(const struct page *page)		\
	{ return test_bit(bit, &page->flags); }				\
	static inline void SetPage##name(struct page *page)		\
	{ set_bit(bit, &page->flags); }					\
	static inline void ClearPage##name(struct page *page)		\
	{ clear_bit(bit, &page->flags); }				\
	static inline int TestSetPage##name(struct page *page)		\
	{ return test_and_set_bit(bit, &page->flags); }			\
	static inline int TestClearPage##name(struct page *page)	\
	{ return test_and_clear_bit(bit, &page->flags); }
__KMEM_PAGEFLAG(Locked, PG_locked)
__KMEM_PAGEFLAG(Referenced, PG_referenced)
__KMEM_PAGEFLAG(Uptodate, PG_uptodate)
__KMEM_PAGEFLAG(Dirty, PG_dirty)
__KMEM_PAGEFLAG(Active, PG_active)
__KMEM_PAGEFLAG(Reserved, PG_reserved)
__KMEM_PAGEFLAG(Private, PG_private)
__KMEM_PAGEFLAG(Error, PG_error)
__KMEM_PAGEFLAG(Checked, PG_owner_priv_1)
#undef __KMEM_PAGEFLAG

static inline int PageHighMem(const struct page *page)
{
	return zone_idx_is_highmem(page_zonenum(page));
}
