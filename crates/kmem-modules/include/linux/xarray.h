/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Arrays with holes, of pointers or small numbers, and up to three marks on each entry.  The array's own memory is the
 * kernel's, not the module's: what is stored in it is the module's affair.
 */
#pragma once
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/rbtree_types.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#if KMEM_ERA < 60
#error linux/xarray.h came after 2.6.18
#endif

typedef unsigned int xa_mark_t;
#define XA_MARK_0	0U
#define XA_MARK_1	1U
#define XA_MARK_2	2U
#define XA_PRESENT	8U
#define XA_MARK_MAX	XA_MARK_2
#define XA_FREE_MARK	XA_MARK_0

#define XA_FLAGS_LOCK_IRQ	((__force gfp_t)1)
#define XA_FLAGS_LOCK_BH	((__force gfp_t)2)
#define XA_FLAGS_TRACK_FREE	((__force gfp_t)4)
#define XA_FLAGS_ZERO_BUSY	((__force gfp_t)8)
#define XA_FLAGS_ALLOC_WRAPPED	((__force gfp_t)16)
#define XA_FLAGS_ACCOUNT	((__force gfp_t)32)
#define XA_FLAGS_ALLOC	XA_FLAGS_TRACK_FREE
#define XA_FLAGS_ALLOC1	(XA_FLAGS_TRACK_FREE | XA_FLAGS_ZERO_BUSY)

struct xarray {
	spinlock_t xa_lock;
	gfp_t xa_flags;
	struct rb_root kmem_entries;
};

struct xa_limit {
	u32 max;
	u32 min;
};

#define XA_LIMIT(low, high)	(struct xa_limit) { .min = low, .max = high }
#define xa_limit_32b	XA_LIMIT(0, UINT_MAX)
#define xa_limit_31b	XA_LIMIT(0, INT_MAX)
#define xa_limit_16b	XA_LIMIT(0, USHRT_MAX)

#define XARRAY_INIT(name, flags)	{ .xa_lock = __SPIN_LOCK_UNLOCKED(name.xa_lock), .xa_flags = flags }
#define DEFINE_XARRAY_FLAGS(name, flags)	struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name)	DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name)	DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)
#define DEFINE_XARRAY_ALLOC1(name)	DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC1)

/* a number is kept with its lowest bit set, an error with the two lowest 10 */

static inline void *xa_mk_value(unsigned long v)
{
	WARN_ON((long)v < 0);
	return (void *)(v << 1 | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}

static inline void *xa_tag_pointer(void *p, unsigned long tag)
{
	return (void *)((unsigned long)p | tag);
}

static inline void *xa_untag_pointer(void *entry)
{
	return (void *)((unsigned long)entry & ~3UL);
}

static inline unsigned int xa_pointer_tag(void *entry)
{
	return (unsigned long)entry & 3UL;
}

/* entries that are the array's own, or another tree's: the lowest bits are 10 */
static inline void *xa_mk_internal(unsigned long v)
{
	return (void *)(v << 2 | 2);
}

static inline unsigned long xa_to_internal(const void *entry)
{
	return (unsigned long)entry >> 2;
}

static inline bool xa_is_internal(const void *entry)
{
	return ((unsigned long)entry & 3) == 2;
}

#define XA_RETRY_ENTRY	xa_mk_internal(256)
#define XA_ZERO_ENTRY	xa_mk_internal(257)
#define xa_is_zero(entry)	((entry) == XA_ZERO_ENTRY)
#define xa_is_retry(entry)	((entry) == XA_RETRY_ENTRY)

static inline bool xa_is_advanced(const void *entry)
{
	return xa_is_internal(entry) && entry <= XA_RETRY_ENTRY;
}

/* an address of a node lies above all numbers that mean something */
static inline bool xa_is_node(const void *entry)
{
	return xa_is_internal(entry) && (unsigned long)entry > 4096;
}

static inline bool xa_is_err(const void *entry)
{
	return ((unsigned long)entry & 3) == 2 && (unsigned long)entry >= ((unsigned long)-MAX_ERRNO << 2);
}

static inline int xa_err(void *entry)
{
	return xa_is_err(entry) ? (long)entry >> 2 : 0;
}

static inline void xa_init_flags(struct xarray *xa, gfp_t flags)
{
	spin_lock_init(&xa->xa_lock);
	xa->xa_flags = flags;
	xa->kmem_entries = RB_ROOT;
}

static inline void xa_init(struct xarray *xa)
{
	xa_init_flags(xa, 0);
}

static inline bool xa_empty(const struct xarray *xa)
{
	return !xa->kmem_entries.rb_node;
}

#define xa_lock(xa)	spin_lock(&(xa)->xa_lock)
#define xa_unlock(xa)	spin_unlock(&(xa)->xa_lock)
#define xa_trylock(xa)	spin_trylock(&(xa)->xa_lock)
#define xa_lock_bh(xa)	spin_lock_bh(&(xa)->xa_lock)
#define xa_unlock_bh(xa)	spin_unlock_bh(&(xa)->xa_lock)
#define xa_lock_irq(xa)	spin_lock_irq(&(xa)->xa_lock)
#define xa_unlock_irq(xa)	spin_unlock_irq(&(xa)->xa_lock)
#define xa_lock_irqsave(xa, flags)	spin_lock_irqsave(&(xa)->xa_lock, flags)
#define xa_unlock_irqrestore(xa, flags)	spin_unlock_irqrestore(&(xa)->xa_lock, flags)

/* the lock is held */
void *__xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *__xa_erase(struct xarray *xa, unsigned long index);
void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp);
int __must_check __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
int __must_check __xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp);
int __must_check __xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next, gfp_t gfp);
void __xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
void __xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);

/* they take it */
void *xa_load(struct xarray *xa, unsigned long index);
bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
bool xa_marked(const struct xarray *xa, xa_mark_t mark);
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter);
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter);
unsigned int xa_extract(struct xarray *xa, void **dst, unsigned long start, unsigned long max, unsigned int n,
			xa_mark_t filter);
void xa_destroy(struct xarray *xa);
int kmem_xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp);
void xa_release(struct xarray *xa, unsigned long index);
#define xa_reserve(xa, index, gfp)	kmem_xa_reserve(xa, index, gfp)

static inline void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	void *result;

	xa_lock(xa);
	result = __xa_store(xa, index, entry, gfp);
	xa_unlock(xa);
	return result;
}

static inline void *xa_erase(struct xarray *xa, unsigned long index)
{
	void *result;

	xa_lock(xa);
	result = __xa_erase(xa, index);
	xa_unlock(xa);
	return result;
}

static inline void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp)
{
	void *result;

	xa_lock(xa);
	result = __xa_cmpxchg(xa, index, old, entry, gfp);
	xa_unlock(xa);
	return result;
}

static inline int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	int result;

	xa_lock(xa);
	result = __xa_insert(xa, index, entry, gfp);
	xa_unlock(xa);
	return result;
}

static inline int xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp)
{
	int result;

	xa_lock(xa);
	result = __xa_alloc(xa, id, entry, limit, gfp);
	xa_unlock(xa);
	return result;
}

static inline int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next,
				  gfp_t gfp)
{
	int result;

	xa_lock(xa);
	result = __xa_alloc_cyclic(xa, id, entry, limit, next, gfp);
	xa_unlock(xa);
	return result;
}

static inline void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	xa_lock(xa);
	__xa_set_mark(xa, index, mark);
	xa_unlock(xa);
}

static inline void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	xa_lock(xa);
	__xa_clear_mark(xa, index, mark);
	xa_unlock(xa);
}

/* with interrupts or softirqs off */
#define __kmem_xa_with(lock, unlock, xa, call)	\
	({ lock(xa); __auto_type __kmem_result = call; unlock(xa); __kmem_result; })
#define xa_store_irq(xa, index, entry, gfp)	\
	__kmem_xa_with(xa_lock_irq, xa_unlock_irq, xa, __xa_store(xa, index, entry, gfp))
#define xa_store_bh(xa, index, entry, gfp)	\
	__kmem_xa_with(xa_lock_bh, xa_unlock_bh, xa, __xa_store(xa, index, entry, gfp))
#define xa_erase_irq(xa, index)	__kmem_xa_with(xa_lock_irq, xa_unlock_irq, xa, __xa_erase(xa, index))
#define xa_erase_bh(xa, index)	__kmem_xa_with(xa_lock_bh, xa_unlock_bh, xa, __xa_erase(xa, index))
#define xa_insert_irq(xa, index, entry, gfp)	\
	__kmem_xa_with(xa_lock_irq, xa_unlock_irq, xa, __xa_insert(xa, index, entry, gfp))
#define xa_insert_bh(xa, index, entry, gfp)	\
	__kmem_xa_with(xa_lock_bh, xa_unlock_bh, xa, __xa_insert(xa, index, entry, gfp))
#define xa_alloc_irq(xa, id, entry, limit, gfp)	\
	__kmem_xa_with(xa_lock_irq, xa_unlock_irq, xa, __xa_alloc(xa, id, entry, limit, gfp))
#define xa_alloc_bh(xa, id, entry, limit, gfp)	\
	__kmem_xa_with(xa_lock_bh, xa_unlock_bh, xa, __xa_alloc(xa, id, entry, limit, gfp))
#define xa_cmpxchg_irq(xa, index, old, entry, gfp)	\
	__kmem_xa_with(xa_lock_irq, xa_unlock_irq, xa, __xa_cmpxchg(xa, index, old, entry, gfp))
#define xa_alloc_cyclic_irq(xa, id, entry, limit, next, gfp)	\
	__kmem_xa_with(xa_lock_irq, xa_unlock_irq, xa, __xa_alloc_cyclic(xa, id, entry, limit, next, gfp))

#define xa_for_each_range(xa, index, entry, start, last)		\
	for (index = start, entry = xa_find(xa, &index, last, XA_PRESENT);	\
	     entry;							\
	     entry = xa_find_after(xa, &index, last, XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start)	xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry)	xa_for_each_start(xa, index, entry, 0)
#define xa_for_each_marked(xa, index, entry, filter)			\
	for (index = 0, entry = xa_find(xa, &index, ULONG_MAX, filter);	\
	     entry;							\
	     entry = xa_find_after(xa, &index, ULONG_MAX, filter))
