/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sets of bits in arrays of words: combining, counting, regions. */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/slab.h>

void bitmap_zero(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0, bitmap_size(nbits));
}

void bitmap_fill(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0xff, bitmap_size(nbits));
}

void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	memcpy(dst, src, bitmap_size(nbits));
}

#define EACH_WORD(nbits)	for (i = 0; i < BITS_TO_LONGS(nbits); i++)
/* the part of word i that belongs to the set */
static unsigned long valid(unsigned int i, unsigned int nbits)
{
	return (i + 1) * BITS_PER_LONG > nbits ? BITMAP_LAST_WORD_MASK(nbits) : ~0UL;
}

int bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	unsigned long any = 0;
	unsigned int i;

	EACH_WORD(nbits)
		any |= dst[i] = a[i] & b[i] & valid(i, nbits);
	return any != 0;
}

int bitmap_andnot(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	unsigned long any = 0;
	unsigned int i;

	EACH_WORD(nbits)
		any |= dst[i] = a[i] & ~b[i] & valid(i, nbits);
	return any != 0;
}

void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	unsigned int i;

	EACH_WORD(nbits)
		dst[i] = a[i] | b[i];
}

void bitmap_xor(unsigned long *dst, const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	unsigned int i;

	EACH_WORD(nbits)
		dst[i] = a[i] ^ b[i];
}

void bitmap_complement(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	unsigned int i;

	EACH_WORD(nbits)
		dst[i] = ~src[i];
}

int bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	unsigned int i;

	EACH_WORD(nbits)
		if ((a[i] ^ b[i]) & valid(i, nbits))
			return 0;
	return 1;
}

int bitmap_intersects(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	return find_next_and_bit(a, b, nbits, 0) < nbits;
}

int bitmap_subset(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	return find_next_andnot_bit(a, b, nbits, 0) >= nbits;
}

unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits)
{
	unsigned int i, n = 0;

	EACH_WORD(nbits)
		n += hweight_long(src[i] & valid(i, nbits));
	return n;
}

void bitmap_set(unsigned long *map, unsigned int start, unsigned int len)
{
	for (; len; len--)
		__set_bit(start++, map);
}

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int len)
{
	for (; len; len--)
		__clear_bit(start++, map);
}

unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
					 unsigned long start, unsigned int nr,
					 unsigned long align_mask)
{
	for (;;) {
		unsigned long from = __ALIGN_MASK(find_next_zero_bit(map, size, start), align_mask);
		unsigned long taken;

		if (from + nr > size)
			return from + nr;
		taken = find_next_bit(map, from + nr, from);
		if (taken >= from + nr)
			return from;
		start = taken + 1;
	}
}

/* regions of 2^order bits at multiples of it */
int bitmap_find_free_region(unsigned long *bitmap, unsigned int bits, int order)
{
	unsigned int pos, n = 1U << order;

	for (pos = 0; pos + n <= bits; pos += n)
		if (!bitmap_allocate_region(bitmap, pos, order))
			return pos;
	return -ENOMEM;
}

void bitmap_release_region(unsigned long *bitmap, unsigned int pos, int order)
{
	bitmap_clear(bitmap, pos, 1U << order);
}

int bitmap_allocate_region(unsigned long *bitmap, unsigned int pos, int order)
{
	unsigned int n = 1U << order;

	if (find_next_bit(bitmap, pos + n, pos) < pos + n)
		return -EBUSY;
	bitmap_set(bitmap, pos, n);
	return 0;
}

unsigned long *bitmap_alloc(unsigned int nbits, gfp_t gfp)
{
	return kmalloc(bitmap_size(nbits), gfp);
}

unsigned long *bitmap_zalloc(unsigned int nbits, gfp_t gfp)
{
	return kzalloc(bitmap_size(nbits), gfp);
}

void bitmap_free(const unsigned long *bitmap)
{
	kfree(bitmap);
}
