/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Small numbers for pointers, and small numbers alone. */
#pragma once
#include <linux/gfp.h>
#include <linux/radix-tree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct idr {
	struct radix_tree_root idr_rt;
	unsigned int idr_base;
	unsigned int idr_next;
};

#define IDR_INIT_BASE(name, base)	{ .idr_base = (base) }
#define IDR_INIT(name)	IDR_INIT_BASE(name, 0)
#define DEFINE_IDR(name)	struct idr name = IDR_INIT(name)

void idr_init(struct idr *idr);
void idr_destroy(struct idr *idr);
int idr_for_each(const struct idr *idr, int (*fn)(int id, void *p, void *data), void *data);
void *idr_replace(struct idr *idr, void *ptr, unsigned long id);

#if KMEM_ERA >= 60
void idr_init_base(struct idr *idr, int base);
void *idr_find(const struct idr *idr, unsigned long id);
void *idr_remove(struct idr *idr, unsigned long id);
int idr_alloc(struct idr *idr, void *ptr, int start, int end, gfp_t gfp);
int idr_alloc_cyclic(struct idr *idr, void *ptr, int start, int end, gfp_t gfp);
int __must_check idr_alloc_u32(struct idr *idr, void *ptr, u32 *id, unsigned long max, gfp_t gfp);
void *idr_get_next(struct idr *idr, int *id);
void *idr_get_next_ul(struct idr *idr, unsigned long *id);

#define IDR_FREE	0	/* the mark of what is free, in the kernel's own trees */
#define idr_is_empty(idr)	(!(idr)->idr_rt.kmem_entries.rb_node)

static inline unsigned int idr_get_cursor(const struct idr *idr)
{
	return READ_ONCE(idr->idr_next);
}

static inline void idr_set_cursor(struct idr *idr, unsigned int val)
{
	WRITE_ONCE(idr->idr_next, val);
}

void idr_preload(gfp_t gfp);
#define idr_preload_end()	preempt_enable()
#define idr_for_each_entry(idr, entry, id)	\
	for (id = 0; ((entry) = idr_get_next(idr, &(id))) != NULL; id += 1U)
#define idr_for_each_entry_ul(idr, entry, tmp, id)			\
	for (tmp = 0, id = 0;						\
	     ((entry) = tmp <= id ? idr_get_next_ul(idr, &(id)) : NULL) != NULL; \
	     tmp = id, ++id)
#define idr_for_each_entry_continue(idr, entry, id)	\
	for ((entry) = idr_get_next((idr), &(id)); entry; ++id, (entry) = idr_get_next((idr), &(id)))

struct ida {
	struct idr kmem_ids;
};

#define IDA_INIT(name)	{ }
#define DEFINE_IDA(name)	struct ida name = IDA_INIT(name)

int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp);
void ida_free(struct ida *ida, unsigned int id);
void ida_destroy(struct ida *ida);
#define ida_alloc(ida, gfp)	ida_alloc_range(ida, 0, ~0U, gfp)
#define ida_alloc_min(ida, min, gfp)	ida_alloc_range(ida, min, ~0U, gfp)
#define ida_alloc_max(ida, max, gfp)	ida_alloc_range(ida, 0, max, gfp)
#define ida_simple_get(ida, start, end, gfp)	ida_alloc_range(ida, start, (end) - 1, gfp)
#define ida_simple_remove(ida, id)	ida_free(ida, id)

static inline void ida_init(struct ida *ida)
{
	*ida = (struct ida)IDA_INIT(name);
}

#define ida_is_empty(ida)	idr_is_empty(&(ida)->kmem_ids)
#else
void *idr_find(struct idr *idr, int id);
void idr_remove(struct idr *idr, int id);
void idr_remove_all(struct idr *idr);
int idr_get_new(struct idr *idr, void *ptr, int *id);
int idr_get_new_above(struct idr *idr, void *ptr, int start, int *id);
#define idr_pre_get(idr, gfp)	1
#endif
