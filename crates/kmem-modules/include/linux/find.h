/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finds bits in an array of words; the answer is the size when there is none. */
#pragma once
#include <linux/types.h>
#include <linux/bits.h>

unsigned long find_next_bit(const unsigned long *addr, unsigned long size, unsigned long offset);
unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size, unsigned long offset);
unsigned long find_next_and_bit(const unsigned long *a, const unsigned long *b,
				unsigned long size, unsigned long offset);
unsigned long find_next_andnot_bit(const unsigned long *a, const unsigned long *b,
				   unsigned long size, unsigned long offset);
unsigned long find_last_bit(const unsigned long *addr, unsigned long size);
unsigned long find_nth_bit(const unsigned long *addr, unsigned long size, unsigned long n);

#define find_first_bit(addr, size)	find_next_bit(addr, size, 0)
#define find_first_zero_bit(addr, size)	find_next_zero_bit(addr, size, 0)
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
