/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bits in the other order. */
#pragma once
#include <linux/types.h>

static inline u32 bitrev32(u32 x)
{
	x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
	x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
	x = (x & 0x0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f);
	return __builtin_bswap32(x);
}

static inline u16 bitrev16(u16 x)
{
	return bitrev32(x) >> 16;
}

static inline u8 bitrev8(u8 x)
{
	return bitrev32(x) >> 24;
}

static inline u32 bitrev8x4(u32 x)
{
	return __builtin_bswap32(bitrev32(x));
}
