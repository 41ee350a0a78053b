/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers that look random and come back with the seed: L'Ecuyer's combined Tausworthe generator of four. */
#pragma once
#include <linux/types.h>

struct rnd_state {
	u32 s1, s2, s3, s4;
};

u32 prandom_u32_state(struct rnd_state *state);
void prandom_bytes_state(struct rnd_state *state, void *buf, size_t nbytes);
void prandom_seed_state(struct rnd_state *state, u64 seed);
u32 get_random_u32(void);
u32 get_random_u32_below(u32 ceil);

static inline u32 prandom_u32(void)
{
	return get_random_u32();
}

static inline u32 prandom_u32_max(u32 ceil)
{
	return get_random_u32_below(ceil);
}

static inline u32 next_pseudo_random32(u32 seed)
{
	return seed * 1664525 + 1013904223;
}

void get_random_bytes(void *buf, size_t len);
#define prandom_bytes(buf, len)	get_random_bytes(buf, len)
#define prandom_seed(seed)	do { } while (0)
