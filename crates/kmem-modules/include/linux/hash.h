/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Spreads keys over a table by multiplication. */
#pragma once
#include <linux/types.h>
#include <asm/bitsperlong.h>

#if KMEM_ERA >= 60
#define GOLDEN_RATIO_32	0x61C88647
#define GOLDEN_RATIO_64	0x61C8864680B583EBull
#if BITS_PER_LONG == 32
#define GOLDEN_RATIO_PRIME	GOLDEN_RATIO_32
#define hash_long(val, bits)	hash_32(val, bits)
#else
#define GOLDEN_RATIO_PRIME	GOLDEN_RATIO_64
#define hash_long(val, bits)	hash_64(val, bits)
#endif

static inline u32 __hash_32(u32 val)
{
	return val * GOLDEN_RATIO_32;
}

static inline u32 hash_32(u32 val, unsigned int bits)
{
	return __hash_32(val) >> (32 - bits);
}

static inline u32 hash_64(u64 val, unsigned int bits)
{
#if BITS_PER_LONG == 64
	return val * GOLDEN_RATIO_64 >> (64 - bits);
#else
	return hash_32((u32)val ^ __hash_32(val >> 32), bits);
#endif
}

static inline u32 hash32_ptr(const void *ptr)
{
	u64 val = (unsigned long)ptr;

	return (u32)(val ^ val >> 32);
}
#else
#if BITS_PER_LONG == 32
#define GOLDEN_RATIO_PRIME	0x9e370001UL
#else
#define GOLDEN_RATIO_PRIME	0x9e37fffffffc0001UL
#endif

static inline unsigned long hash_long(unsigned long val, unsigned int bits)
{
	return val * GOLDEN_RATIO_PRIME >> (BITS_PER_LONG - bits);
}
#endif

#define hash_ptr(ptr, bits)	((u32)hash_long((unsigned long)(ptr), bits))
