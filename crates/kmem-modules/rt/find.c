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
	unsigned long at;

	for (at = size; at; at--)
		if (test_bit(at - 1, addr))
			return at - 1;
	return size;
}

unsigned long find_nth_bit(const unsigned long *addr, unsigned long size, unsigned long n)
{
	unsigned long bit;

	for_each_set_bit(bit, addr, size)
		if (!n--)
			return bit;
	return size;
}
