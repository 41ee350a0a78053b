/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finds bits in an array of words; the answer is the size when there is none. */
#pragma once
#include <linux/types.h>
#include <linux/bitops.h>

unsigned long find_next_and_bit(const unsigned long *a, const unsigned long *b,
				unsigned long size, unsigned long offset);
unsigned long find_next_andnot_bit(const unsigned long *a, const unsigned long *b,
				   unsigned long size, unsigned long offset);
unsigned long find_nth_bit(const unsigned long *addr, unsigned long size, unsigned long n);

#if KMEM_ERA >= 60
unsigned long find_next_or_bit(const unsigned long *a, const unsigned long *b, unsigned long size, unsigned long offset);
unsigned long find_nth_and_bit(const unsigned long *a, const unsigned long *b, unsigned long size, unsigned long n);
unsigned long find_nth_andnot_bit(const unsigned long *a, const unsigned long *b, unsigned long size, unsigned long n);
unsigned long find_nth_and_andnot_bit(const unsigned long *a, const unsigned long *b, const unsigned long *c,
				      unsigned long size, unsigned long n);
#define find_first_andnot_bit(a, b, size)	find_next_andnot_bit(a, b, size, 0)
#define for_each_andnot_bit(bit, a, b, size)				\
	for ((bit) = find_next_andnot_bit(a, b, size, 0); (bit) < (size);	\
	     (bit) = find_next_andnot_bit(a, b, size, (bit) + 1))
#define for_each_or_bit(bit, a, b, size)				\
	for ((bit) = find_next_or_bit(a, b, size, 0); (bit) < (size);	\
	     (bit) = find_next_or_bit(a, b, size, (bit) + 1))
/* runs of set bits: [b, e) */
#define for_each_set_bitrange(b, e, addr, size)				\
	for ((b) = 0; (b) = find_next_bit((addr), (size), b),		\
	     (e) = find_next_zero_bit((addr), (size), (b) + 1), (b) < (size);	\
	     (b) = (e) + 1)
#define for_each_clear_bitrange(b, e, addr, size)			\
	for ((b) = 0; (b) = find_next_zero_bit((addr), (size), b),	\
	     (e) = find_next_bit((addr), (size), (b) + 1), (b) < (size);	\
	     (b) = (e) + 1)
/* wraps around to what lies before the start */
#define find_next_bit_wrap(addr, size, offset) ({			\
	unsigned long kmem_at = find_next_bit(addr, size, offset);	\
	kmem_at < (size) ? kmem_at : find_next_bit(addr, offset, 0) < (offset) ?	\
		find_next_bit(addr, offset, 0) : (size); })
#endif
#define find_first_and_bit(a, b, size)	find_next_and_bit(a, b, size, 0)
#define for_each_set_bit(bit, addr, size)				\
	for ((bit) = find_first_bit(addr, size); (bit) < (size);	\
	     (bit) = find_next_bit(addr, size, (bit) + 1))
#define for_each_set_bit_from(bit, addr, size)				\
	for ((bit) = find_next_bit(addr, size, bit); (bit) < (size);	\
	     (bit) = find_next_bit(addr, size, (bit) + 1))
#define for_each_clear_bit(bit, addr, size)				\
	for ((bit) = find_first_zero_bit(addr, size); (bit) < (size);	\
	     (bit) = find_next_zero_bit(addr, size, (bit) + 1))
#define for_each_clear_bit_from(bit, addr, size)			\
	for ((bit) = find_next_zero_bit(addr, size, bit); (bit) < (size); \
	     (bit) = find_next_zero_bit(addr, size, (bit) + 1))
#define for_each_and_bit(bit, a, b, size)				\
	for ((bit) = find_next_and_bit(a, b, size, 0); (bit) < (size);	\
	     (bit) = find_next_and_bit(a, b, size, (bit) + 1))
