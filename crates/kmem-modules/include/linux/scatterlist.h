/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists of memory for a device to read or write. */
#pragma once
#include <linux/string.h>
#include <linux/types.h>
#include <linux/bug.h>
#include <linux/mm.h>

struct scatterlist {
	unsigned long page_link;
	unsigned int offset;
	unsigned int length;
	dma_addr_t dma_address;
};

#define SG_CHAIN	0x01UL
#define SG_END		0x02UL
#define sg_dma_address(sg)	((sg)->dma_address)
#define sg_dma_len(sg)	((sg)->length)
#define sg_is_last(sg)	((sg)->page_link & SG_END)
#define for_each_sg(sglist, sg, nr, i)	\
	for ((i) = 0, (sg) = (sglist); (i) < (nr); (i)++, (sg) = sg_next(sg))

static inline struct page *sg_page(const struct scatterlist *sg)
{
	return (struct page *)(sg->page_link & ~(SG_CHAIN | SG_END));
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len,
			       unsigned int offset)
{
	sg->page_link = (sg->page_link & (SG_CHAIN | SG_END)) | (unsigned long)page;
	sg->offset = offset;
	sg->length = len;
}

static inline void sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int len)
{
	sg_set_page(sg, virt_to_page(buf), len, (unsigned long)buf & ~PAGE_MASK);
}

static inline void sg_mark_end(struct scatterlist *sg)
{
	sg->page_link = (sg->page_link | SG_END) & ~SG_CHAIN;
}

static inline void sg_unmark_end(struct scatterlist *sg)
{
	sg->page_link &= ~SG_END;
}

static inline void sg_init_table(struct scatterlist *sg, unsigned int nents)
{
	memset(sg, 0, sizeof(*sg) * nents);
	sg_mark_end(&sg[nents - 1]);
}

static inline void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int len)
{
	sg_init_table(sg, 1);
	sg_set_buf(sg, buf, len);
}

static inline struct scatterlist *sg_next(struct scatterlist *sg)
{
	if (sg_is_last(sg))
		return NULL;
	sg++;
	if (sg->page_link & SG_CHAIN)
		sg = (struct scatterlist *)(sg->page_link & ~(SG_CHAIN | SG_END));
	return sg;
}

static inline void *sg_virt(struct scatterlist *sg)
{
	return page_address(sg_page(sg)) + sg->offset;
}

static inline dma_addr_t sg_phys(struct scatterlist *sg)
{
	return page_to_phys(sg_page(sg)) + sg->offset;
}

/* the entries of a list that ends */
static inline int sg_nents(struct scatterlist *sg)
{
	int n = 0;

	for (; sg; sg = sg_next(sg))
		n++;
	return n;
}

static inline struct scatterlist *sg_last(struct scatterlist *sg, unsigned int nents)
{
	while (nents-- > 1 && !sg_is_last(sg))
		sg = sg_next(sg);
	return sg;
}

/* the last entry of an array leads to another one */
static inline void sg_chain(struct scatterlist *prv, unsigned int nents, struct scatterlist *sgl)
{
	struct scatterlist *link = &prv[nents - 1];

	link->offset = link->length = 0;
	link->page_link = (unsigned long)sgl | SG_CHAIN;
}

#if KMEM_ERA >= 60
#define SG_MAX_SINGLE_ALLOC	(PAGE_SIZE / sizeof(struct scatterlist))

struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents;	/* that are mapped */
	unsigned int orig_nents;
};

#define for_each_sgtable_sg(table, sg, i)	for_each_sg((table)->sgl, sg, (table)->orig_nents, i)
#define for_each_sgtable_dma_sg(table, sg, i)	for_each_sg((table)->sgl, sg, (table)->nents, i)

int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp);
int sg_alloc_table_from_pages(struct sg_table *table, struct page **pages, unsigned int n_pages,
			      unsigned int offset, unsigned long size, gfp_t gfp);
void sg_free_table(struct sg_table *table);
int sg_nents_for_len(struct scatterlist *sg, u64 len);

size_t sg_copy_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen,
		      off_t skip, bool to_buffer);
size_t sg_zero_buffer(struct scatterlist *sgl, unsigned int nents, size_t buflen, off_t skip);
#define sg_copy_from_buffer(sgl, nents, buf, buflen)	\
	sg_copy_buffer((sgl), (nents), (void *)(buf), (buflen), 0, false)
#define sg_copy_to_buffer(sgl, nents, buf, buflen)	\
	sg_copy_buffer((sgl), (nents), (buf), (buflen), 0, true)
#define sg_pcopy_from_buffer(sgl, nents, buf, buflen, skip)	\
	sg_copy_buffer((sgl), (nents), (void *)(buf), (buflen), (skip), false)
#define sg_pcopy_to_buffer(sgl, nents, buf, buflen, skip)	\
	sg_copy_buffer((sgl), (nents), (buf), (buflen), (skip), true)
#endif
