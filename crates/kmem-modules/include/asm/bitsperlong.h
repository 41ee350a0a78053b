/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The width of a machine word in bits. */
#pragma once

#define BITS_PER_LONG		(__SIZEOF_LONG__ * 8)
#define BITS_PER_LONG_LONG	64
#define __BITS_PER_LONG		BITS_PER_LONG
#define small_const_nbits(nbits)	\
	(__builtin_constant_p(nbits) && (nbits) <= BITS_PER_LONG && (nbits) > 0)
