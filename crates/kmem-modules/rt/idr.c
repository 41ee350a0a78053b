/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Small numbers for pointers, and small numbers alone. */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include "numbered.h"
#include "rt.h"

void idr_init(struct idr *idr)
{
	*idr = (struct idr)IDR_INIT(idr);
}

void idr_destroy(struct idr *idr)
{
	kmem_numbered_drop_all(&idr->idr_rt.kmem_entries);
}

int idr_for_each(const struct idr *idr, int (*fn)(int id, void *p, void *data), void *data)
{
	struct numbered *at = kmem_numbered_from(&idr->idr_rt.kmem_entries, 0);
	int result = 0;

	while (at && !result) {
		unsigned long number = at->number;

		result = fn(number, at->entry, data);
		/* it may be gone by now */
		at = number < ULONG_MAX ? kmem_numbered_from(&idr->idr_rt.kmem_entries, number + 1) : NULL;
	}
	return result;
}

void *idr_replace(struct idr *idr, void *ptr, unsigned long id)
{
	struct numbered *at = kmem_numbered_find(&idr->idr_rt.kmem_entries, id);
	void *was;

	if (!at)
		return ERR_PTR(-ENOENT);
	was = at->entry;
	at->entry = ptr;
	return was;
}

static int idr_take(struct idr *idr, void *ptr, unsigned long min, unsigned long max, unsigned long *id)
{
	struct numbered *at;

	if (!kmem_numbered_free(&idr->idr_rt.kmem_entries, min, max, id))
		return -ENOSPC;
	at = kmem_numbered_add(&idr->idr_rt.kmem_entries, *id);
	if (!at)
		return -ENOMEM;
	at->entry = ptr;
	return 0;
}

#if KMEM_ERA >= 60

void idr_init_base(struct idr *idr, int base)
{
	*idr = (struct idr)IDR_INIT_BASE(idr, base);
}

void *idr_find(const struct idr *idr, unsigned long id)
{
	struct numbered *at = kmem_numbered_find(&idr->idr_rt.kmem_entries, id);

	return at ? at->entry : NULL;
}

void *idr_remove(struct idr *idr, unsigned long id)
{
	struct numbered *at = kmem_numbered_find(&idr->idr_rt.kmem_entries, id);

	return at ? kmem_numbered_drop(&idr->idr_rt.kmem_entries, at) : NULL;
}

int idr_alloc_u32(struct idr *idr, void *ptr, u32 *id, unsigned long max, gfp_t gfp)
{
	unsigned long got, base = idr->idr_base;
	int err = idr_take(idr, ptr, max(base, (unsigned long)*id), max, &got);

	if (!err)
		*id = got;
	return err;
}

int idr_alloc(struct idr *idr, void *ptr, int start, int end, gfp_t gfp)
{
	u32 id = start;
	int err;

	if (WARN_ON_ONCE(start < 0))
		return -EINVAL;
	err = idr_alloc_u32(idr, ptr, &id, end > 0 ? end - 1 : INT_MAX, gfp);
	return err ? err : id;
}

int idr_alloc_cyclic(struct idr *idr, void *ptr, int start, int end, gfp_t gfp)
{
	u32 id = max_t(u32, idr->idr_next, start);
	unsigned long limit = end > 0 ? end - 1 : INT_MAX;
	int err = idr_alloc_u32(idr, ptr, &id, limit, gfp);

	if (err == -ENOSPC && id > start) {
		id = start;
		err = idr_alloc_u32(idr, ptr, &id, limit, gfp);
	}
	if (err)
		return err;
	idr->idr_next = id + 1;
	return id;
}

void *idr_get_next_ul(struct idr *idr, unsigned long *id)
{
	struct numbered *at = kmem_numbered_from(&idr->idr_rt.kmem_entries, *id);

	while (at && !at->entry)
		at = kmem_numbered_next(at);
	if (!at)
		return NULL;
	*id = at->number;
	return at->entry;
}

void *idr_get_next(struct idr *idr, int *id)
{
	unsigned long next = *id;
	void *entry = idr_get_next_ul(idr, &next);

	if (entry)
		*id = next;
	return entry;
}

void idr_preload(gfp_t gfp)
{
	preempt_disable();
}

int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp)
{
	unsigned long id;
	int err;

	if ((int)min < 0)
		return -ENOSPC;
	err = idr_take(&ida->kmem_ids, NULL, min, (int)max < 0 ? INT_MAX : max, &id);
	return err ? err : id;
}

void ida_free(struct ida *ida, unsigned int id)
{
	struct numbered *at = kmem_numbered_find(&ida->kmem_ids.idr_rt.kmem_entries, id);

	if (at)
		kmem_numbered_drop(&ida->kmem_ids.idr_rt.kmem_entries, at);
	else
		WARN(1, "ida_free called for id=%d which is not allocated.\n", id);
}

void ida_destroy(struct ida *ida)
{
	idr_destroy(&ida->kmem_ids);
}

#else

void *idr_find(struct idr *idr, int id)
{
	struct numbered *at = kmem_numbered_find(&idr->idr_rt.kmem_entries, id);

	return at ? at->entry : NULL;
}

void idr_remove(struct idr *idr, int id)
{
	struct numbered *at = kmem_numbered_find(&idr->idr_rt.kmem_entries, id);

	if (at)
		kmem_numbered_drop(&idr->idr_rt.kmem_entries, at);
	else
		printk(KERN_ERR "idr_remove called for id=%d which is not allocated.\n", id);
}

void idr_remove_all(struct idr *idr)
{
	idr_destroy(idr);
}

int idr_get_new_above(struct idr *idr, void *ptr, int start, int *id)
{
	unsigned long got;
	int err = idr_take(idr, ptr, start, INT_MAX, &got);

	/* what the caller prepared with idr_pre_get is used up */
	if (err)
		return err == -ENOMEM ? -EAGAIN : err;
	*id = got;
	return 0;
}

int idr_get_new(struct idr *idr, void *ptr, int *id)
{
	return idr_get_new_above(idr, ptr, 0, id);
}

#endif
