/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Arrays with holes. A place that is reserved has an entry of NULL. */
#if KMEM_ERA >= 60
#include <linux/xarray.h>
#include "numbered.h"
#include "rt.h"

static void *xa_error(int err)
{
	return (void *)((long)err << 2 | 2);
}

static struct numbered *xa_at(struct xarray *xa, unsigned long index)
{
	return kmem_numbered_find(&xa->kmem_entries, index);
}

/* of the entries from one on, the first that is there and has the mark */
static struct numbered *xa_passes(struct numbered *at, unsigned long max, xa_mark_t filter)
{
	while (at && at->number <= max && (!at->entry || (filter != XA_PRESENT && !(at->marks & 1U << filter))))
		at = kmem_numbered_next(at);
	return at && at->number <= max ? at : NULL;
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	struct numbered *at = xa_at(xa, index);

	return at ? at->entry : NULL;
}

void *__xa_erase(struct xarray *xa, unsigned long index)
{
	struct numbered *at = xa_at(xa, index);

	return at ? kmem_numbered_drop(&xa->kmem_entries, at) : NULL;
}

void *__xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	struct numbered *at;
	void *was;

	if (WARN_ON_ONCE(((unsigned long)entry & 3) == 2))
		return xa_error(-EINVAL);
	if (!entry && !(xa->xa_flags & XA_FLAGS_TRACK_FREE))
		return __xa_erase(xa, index);
	at = kmem_numbered_add(&xa->kmem_entries, index);
	if (!at)
		return xa_error(-ENOMEM);
	was = at->entry;
	at->entry = entry;
	return was;
}

void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp)
{
	void *was = xa_load(xa, index);

	if (was == old) {
		void *stored = __xa_store(xa, index, entry, gfp);

		if (xa_is_err(stored))
			return stored;
	}
	return was;
}

int __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	if (xa_at(xa, index))
		return -EBUSY;
	return entry ? xa_err(__xa_store(xa, index, entry, gfp)) : kmem_xa_reserve(xa, index, gfp);
}

int __xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp)
{
	unsigned long min = limit.min, number;
	struct numbered *at;

	if (WARN_ON_ONCE(!(xa->xa_flags & XA_FLAGS_TRACK_FREE)))
		return -EINVAL;
	if (xa->xa_flags & XA_FLAGS_ZERO_BUSY && !min)
		min = 1;
	if (!kmem_numbered_free(&xa->kmem_entries, min, limit.max, &number))
		return -EBUSY;
	at = kmem_numbered_add(&xa->kmem_entries, number);
	if (!at)
		return -ENOMEM;
	at->entry = entry;
	*id = number;
	return 0;
}

/* from the next one on; 1 when it began anew at the lowest */
int __xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next, gfp_t gfp)
{
	u32 min = limit.min;
	int err;

	limit.min = max(min, *next);
	err = __xa_alloc(xa, id, entry, limit, gfp);
	if (xa->xa_flags & XA_FLAGS_ALLOC_WRAPPED) {
		xa->xa_flags &= ~XA_FLAGS_ALLOC_WRAPPED;
		if (!err)
			err = 1;
	}
	if (err < 0 && limit.min > min) {
		limit.min = min;
		err = __xa_alloc(xa, id, entry, limit, gfp);
		if (!err)
			err = 1;
	}
	if (err >= 0) {
		*next = *id + 1;
		if (!*next)
			xa->xa_flags |= XA_FLAGS_ALLOC_WRAPPED;
	}
	return err;
}

int kmem_xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp)
{
	return kmem_numbered_add(&xa->kmem_entries, index) ? 0 : -ENOMEM;
}

void xa_release(struct xarray *xa, unsigned long index)
{
	struct numbered *at = xa_at(xa, index);

	if (at && !at->entry)
		kmem_numbered_drop(&xa->kmem_entries, at);
}

void __xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct numbered *at = xa_at(xa, index);

	if (at && at->entry)
		at->marks |= 1U << mark;
}

void __xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct numbered *at = xa_at(xa, index);

	if (at)
		at->marks &= ~(1U << mark);
}

bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct numbered *at = xa_at(xa, index);

	return at && (at->marks & 1U << mark);
}

bool xa_marked(const struct xarray *xa, xa_mark_t mark)
{
	return xa_passes(kmem_numbered_from(&xa->kmem_entries, 0), ULONG_MAX, mark) != NULL;
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	struct numbered *at = xa_passes(kmem_numbered_from(&xa->kmem_entries, *index), max, filter);

	if (!at)
		return NULL;
	*index = at->number;
	return at->entry;
}

void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	unsigned long next = *index + 1;
	void *entry = next ? xa_find(xa, &next, max, filter) : NULL;

	if (entry)
		*index = next;
	return entry;
}

unsigned int xa_extract(struct xarray *xa, void **dst, unsigned long start, unsigned long max, unsigned int n,
			xa_mark_t filter)
{
	struct numbered *at = xa_passes(kmem_numbered_from(&xa->kmem_entries, start), max, filter);
	unsigned int found = 0;

	for (; at && found < n; at = xa_passes(kmem_numbered_next(at), max, filter))
		dst[found++] = at->entry;
	return found;
}

void xa_destroy(struct xarray *xa)
{
	kmem_numbered_drop_all(&xa->kmem_entries);
}
#endif
