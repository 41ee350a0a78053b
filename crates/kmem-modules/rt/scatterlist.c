/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists of memory: tables of a page each, chained, and copies between them and a buffer. */
#if KMEM_ERA >= 60
#include <linux/highmem.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

void sg_free_table(struct sg_table *table)
{
	struct scatterlist *piece = table->sgl, *next;
	unsigned int left = table->orig_nents;

	for (; piece; piece = next) {
		unsigned int here = min_t(unsigned int, left, SG_MAX_SINGLE_ALLOC);

		next = NULL;
		if (left > SG_MAX_SINGLE_ALLOC && piece[--here].page_link & SG_CHAIN)
			next = (struct scatterlist *)(piece[here].page_link & ~(SG_CHAIN | SG_END));
		left -= here;
		kfree(piece);
	}
	*table = (struct sg_table){ };
}

int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp)
{
	struct scatterlist *last = NULL;
	unsigned int left = nents;

	*table = (struct sg_table){ };
	if (!nents)
		return -EINVAL;
	while (left) {
		unsigned int size = min_t(unsigned int, left, SG_MAX_SINGLE_ALLOC);
		struct scatterlist *piece = kmalloc_array(size, sizeof(*piece), gfp);

		if (!piece) {
			sg_free_table(table);
			return -ENOMEM;
		}
		sg_init_table(piece, size);
		if (last)
			sg_chain(last, SG_MAX_SINGLE_ALLOC, piece);
		else
			table->sgl = piece;
		/* the last place of a full piece is for the next one */
		if (left > size)
			sg_unmark_end(&piece[size-- - 1]);
		table->orig_nents += left > size ? size : left;
		left -= size;
		last = piece;
	}
	table->nents = table->orig_nents;
	return 0;
}

int sg_alloc_table_from_pages(struct sg_table *table, struct page **pages, unsigned int n_pages,
			      unsigned int offset, unsigned long size, gfp_t gfp)
{
	unsigned int i, n, entries = 0;
	struct scatterlist *sg;
	int ret;

	/* pages that follow each other are one entry */
	for (i = 0; i < n_pages; i++)
		entries += !i || page_to_pfn(pages[i]) != page_to_pfn(pages[i - 1]) + 1;
	ret = sg_alloc_table(table, entries, gfp);
	if (ret)
		return ret;
	for (i = 0, sg = table->sgl; i < n_pages; i += n, sg = sg_next(sg)) {
		unsigned long len;

		for (n = 1; i + n < n_pages && page_to_pfn(pages[i + n]) == page_to_pfn(pages[i]) + n; n++)
			;
		len = min_t(unsigned long, size, n * PAGE_SIZE - offset);
		sg_set_page(sg, pages[i], len, offset);
		size -= len;
		offset = 0;
	}
	return 0;
}

int sg_nents_for_len(struct scatterlist *sg, u64 len)
{
	u64 sum = 0;
	int n;

	if (!len)
		return 0;
	for (n = 1; sg; sg = sg_next(sg), n++) {
		sum += sg->length;
		if (sum >= len)
			return n;
	}
	return -EINVAL;
}

/* calls for each part of a page; a NULL buffer is one of zeros */
static void copy_part(struct scatterlist *sg, unsigned int at, void *buf, size_t n, bool to_buffer)
{
	size_t offset = sg->offset + at;

	while (n) {
		struct page *page = sg_page(sg) + (offset >> PAGE_SHIFT);
		size_t here = min_t(size_t, n, PAGE_SIZE - offset_in_page(offset));
		char *mapped = kmap_local_page(page);
		char *place = mapped + offset_in_page(offset);

		if (!buf)
			memset(place, 0, here);
		else if (to_buffer)
			memcpy(buf, place, here);
		else
			memcpy(place, buf, here);
		kunmap_local(mapped);
		buf = buf ? buf + here : NULL;
		offset += here;
		n -= here;
	}
}

static size_t copy_all(struct scatterlist *sg, unsigned int nents, void *buf, size_t buflen, off_t skip,
		       bool to_buffer)
{
	size_t done = 0;

	for (; nents && sg && done < buflen; nents--, sg = sg_next(sg)) {
		size_t here;

		if (skip >= sg->length) {
			skip -= sg->length;
			continue;
		}
		here = min_t(size_t, buflen - done, sg->length - skip);
		copy_part(sg, skip, buf ? buf + done : NULL, here, to_buffer);
		done += here;
		skip = 0;
	}
	return done;
}

size_t sg_copy_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen, off_t skip,
		      bool to_buffer)
{
	return copy_all(sgl, nents, buf, buflen, skip, to_buffer);
}

size_t sg_zero_buffer(struct scatterlist *sgl, unsigned int nents, size_t buflen, off_t skip)
{
	return copy_all(sgl, nents, NULL, buflen, skip, false);
}
#endif
