/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finds bits in arrays of words. */
#include <linux/bitmap.h>
#include <linux/find.h>
#include <linux/kernel.h>

/* the first bit from offset on in the words that `word` gives for an index */
#define FIND(word, size, offset) ({					\
	unsigned long __size = (size), __at = (offset), __found = __size;	\
	while (__at < __size) {						\
		unsigned long i = BIT_WORD(__at);			\
		unsigned long __bits = (word) & BITMAP_FIRST_WORD_MASK(__at);	\
									\
		if (__bits) {						\
			__found = min(i * BITS_PER_LONG + __ffs(__bits), __size);	\
			break;						\
		}							\
		__at = (i + 1) * BITS_PER_LONG;				\
	}								\
	__found; })

unsigned long find_next_bit(const unsigned long *addr, unsigned long size, unsigned long offset)
{
	return FIND(addr[i], size, offset);
}

unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size, unsigned long offset)
{
	return FIND(~addr[i], size, offset);
}

unsigned long find_next_and_bit(const unsigned long *a, const unsigned long *b,
				unsigned long size, unsigned long offset)
{
	return FIND(a[i] & b[i], size, offset);
}

unsigned long find_next_andnot_bit(const unsigned long *a, const unsigned long *b,
				   unsigned long size, unsigned long offset)
{
	return FIND(a[i] & ~b[i], size, offset);
}

unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	unsigned long at = size;

	while (at) {
		unsigned long first = (at - 1) & ~(BITS_PER_LONG - 1UL);
		unsigned long bits = addr[BIT_WORD(first)] & BITMAP_LAST_WORD_MASK(at - first);

		if (bits)
			return first + __fls(bits);
		at = first;
	}
	return size;
}

/* the n-th bit, from 0, of those that `word` gives */
#define FIND_NTH(word, size, n) ({					\
	unsigned long __size = (size), __n = (n), __found = __size, i;	\
	for (i = 0; i * BITS_PER_LONG < __size; i++) {			\
		unsigned long __bits = (word), __count;			\
									\
		if (__size - i * BITS_PER_LONG < BITS_PER_LONG)		\
			__bits &= BITMAP_LAST_WORD_MASK(__size);	\
		__count = hweight_long(__bits);				\
		if (__n >= __count) {					\
			__n -= __count;					\
			continue;					\
		}							\
		while (__n--)						\
			__bits &= __bits - 1;				\
		__found = i * BITS_PER_LONG + __ffs(__bits);		\
		break;							\
	}								\
	__found; })

unsigned long find_nth_bit(const unsigned long *addr, unsigned long size, unsigned long n)
{
	return FIND_NTH(addr[i], size, n);
}

#if KMEM_ERA >= 60
unsigned long find_next_or_bit(const unsigned long *a, const unsigned long *b, unsigned long size, unsigned long offset)
{
	return FIND(a[i] | b[i], size, offset);
}

unsigned long find_nth_and_bit(const unsigned long *a, const unsigned long *b, unsigned long size, unsigned long n)
{
	return FIND_NTH(a[i] & b[i], size, n);
}

unsigned long find_nth_andnot_bit(const unsigned long *a, const unsigned long *b, unsigned long size, unsigned long n)
{
	return FIND_NTH(a[i] & ~b[i], size, n);
}

unsigned long find_nth_and_andnot_bit(const unsigned long *a, const unsigned long *b, const unsigned long *c,
				      unsigned long size, unsigned long n)
{
	return FIND_NTH(a[i] & b[i] & ~c[i], size, n);
}
#endif
