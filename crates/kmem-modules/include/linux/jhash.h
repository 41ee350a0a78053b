/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Jenkins' hash functions: lookup3.c by Bob Jenkins, public domain (burtleburtle.net/bob/c/lookup3.c), by its description. */
#pragma once
#include <linux/bitops.h>
#include <linux/types.h>
#include <linux/unaligned.h>

#define JHASH_INITVAL	0xdeadbeef
#define jhash_size(n)	((u32)1 << (n))
#define jhash_mask(n)	(jhash_size(n) - 1)

static inline void kmem_jhash_mix(u32 v[3])
{
	static const u8 turns[] = { 4, 6, 8, 16, 19, 4 };
	unsigned int i;

	/* round and round: one loses the one before, turns it in, and that one gains the third */
	for (i = 0; i < 6; i++) {
		u32 *to = &v[i % 3], *from = &v[(i + 2) % 3], *gains = from, *third = &v[(i + 1) % 3];

		*to = (*to - *from) ^ rol32(*from, turns[i]);
		*gains += *third;
	}
}

static inline u32 kmem_jhash_final(u32 a, u32 b, u32 c)
{
	c = (c ^ b) - rol32(b, 14);
	a = (a ^ c) - rol32(c, 11);
	b = (b ^ a) - rol32(a, 25);
	c = (c ^ b) - rol32(b, 16);
	a = (a ^ c) - rol32(c, 4);
	b = (b ^ a) - rol32(a, 14);
	return (c ^ b) - rol32(b, 24);
}

static inline u32 jhash(const void *key, u32 length, u32 initval)
{
	u32 v[3] = { JHASH_INITVAL + length + initval };
	const u8 *at = key;
	u32 i;

	v[1] = v[2] = v[0];
	for (; length > 12; length -= 12, at += 12) {
		for (i = 0; i < 3; i++)
			v[i] += get_unaligned((const u32 *)(at + 4 * i));
		kmem_jhash_mix(v);
	}
	if (!length)
		return v[2];
	for (i = 0; i < length; i++)
		v[i / 4] += (u32)at[i] << (8 * (i % 4));
	return kmem_jhash_final(v[0], v[1], v[2]);
}

static inline u32 jhash2(const u32 *key, u32 length, u32 initval)
{
	u32 v[3] = { JHASH_INITVAL + (length << 2) + initval };
	u32 i;

	v[1] = v[2] = v[0];
	for (; length > 3; length -= 3, key += 3) {
		for (i = 0; i < 3; i++)
			v[i] += key[i];
		kmem_jhash_mix(v);
	}
	if (!length)
		return v[2];
	for (i = 0; i < length; i++)
		v[i] += key[i];
	return kmem_jhash_final(v[0], v[1], v[2]);
}

static inline u32 __jhash_nwords(u32 a, u32 b, u32 c, u32 initval)
{
	return kmem_jhash_final(a + initval, b + initval, c + initval);
}

static inline u32 jhash_3words(u32 a, u32 b, u32 c, u32 initval)
{
	return __jhash_nwords(a, b, c, initval + JHASH_INITVAL + (3 << 2));
}

static inline u32 jhash_2words(u32 a, u32 b, u32 initval)
{
	return __jhash_nwords(a, b, 0, initval + JHASH_INITVAL + (2 << 2));
}

static inline u32 jhash_1word(u32 a, u32 initval)
{
	return __jhash_nwords(a, 0, 0, initval + JHASH_INITVAL + (1 << 2));
}
