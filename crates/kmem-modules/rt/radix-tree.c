/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Trees of pointers by number. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/radix-tree.h>
#include "numbered.h"
#include "rt.h"

int radix_tree_insert(struct radix_tree_root *root, unsigned long index, void *item)
{
	struct numbered *at;

	if (kmem_numbered_find(&root->kmem_entries, index))
		return -EEXIST;
	at = kmem_numbered_add(&root->kmem_entries, index);
	if (!at)
		return -ENOMEM;
	at->entry = item;
	return 0;
}

void *radix_tree_lookup(const struct radix_tree_root *root, unsigned long index)
{
	struct numbered *at = kmem_numbered_find(&root->kmem_entries, index);

	return at ? at->entry : NULL;
}

void *radix_tree_delete(struct radix_tree_root *root, unsigned long index)
{
	struct numbered *at = kmem_numbered_find(&root->kmem_entries, index);

	return at ? kmem_numbered_drop(&root->kmem_entries, at) : NULL;
}

/* those with one of the marks, or all */
static unsigned int gang_lookup(const struct radix_tree_root *root, void **results, unsigned long first,
				unsigned int max, unsigned int marks)
{
	struct numbered *at = kmem_numbered_from(&root->kmem_entries, first);
	unsigned int n = 0;

	for (; at && n < max; at = kmem_numbered_next(at))
		if (!marks || at->marks & marks)
			results[n++] = at->entry;
	return n;
}

unsigned int radix_tree_gang_lookup(const struct radix_tree_root *root, void **results, unsigned long first,
				    unsigned int max)
{
	return gang_lookup(root, results, first, max, 0);
}

unsigned int radix_tree_gang_lookup_tag(const struct radix_tree_root *root, void **results, unsigned long first,
					unsigned int max, unsigned int tag)
{
	return gang_lookup(root, results, first, max, 1U << tag);
}

static void *set_tag(struct radix_tree_root *root, unsigned long index, unsigned int off, unsigned int on)
{
	struct numbered *at = kmem_numbered_find(&root->kmem_entries, index);

	if (!at)
		return NULL;
	at->marks = (at->marks & ~off) | on;
	return at->entry;
}

void *radix_tree_tag_set(struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
	return set_tag(root, index, 0, 1U << tag);
}

void *radix_tree_tag_clear(struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
	return set_tag(root, index, 1U << tag, 0);
}

int radix_tree_tag_get(const struct radix_tree_root *root, unsigned long index, unsigned int tag)
{
	struct numbered *at = kmem_numbered_find(&root->kmem_entries, index);

	return at && (at->marks & 1U << tag);
}

int radix_tree_tagged(const struct radix_tree_root *root, unsigned int tag)
{
	void *one;

	return gang_lookup(root, &one, 0, 1, 1U << tag);
}
