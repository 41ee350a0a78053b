/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random numbers: the host's, and the generator that a seed starts. */
#include <linux/random.h>
#include <linux/unaligned.h>
#include <kmem/host.h>

void get_random_bytes(void *buf, size_t len)
{
	kmem_host_random(buf, len);
}

#if KMEM_ERA >= 60

#define RANDOM(name, type)			\
type name(void)					\
{						\
	type v;					\
						\
	kmem_host_random(&v, sizeof(v));	\
	return v;				\
}
RANDOM(get_random_u8, u8)
RANDOM(get_random_u16, u16)
RANDOM(get_random_u32, u32)
RANDOM(get_random_u64, u64)
RANDOM(get_random_long, unsigned long)
#undef RANDOM

/* below 0 there is nothing, which stands for the whole range */
u32 get_random_u32_below(u32 ceil)
{
	u64 product;

	if (!ceil)
		return get_random_u32();
	do
		product = (u64)get_random_u32() * ceil;
	while ((u32)product < -ceil % ceil);
	return product >> 32;
}

u32 get_random_u32_above(u32 floor)
{
	return floor + 1 + get_random_u32_below(-1 - floor);
}

u32 get_random_u32_inclusive(u32 floor, u32 ceil)
{
	return floor + get_random_u32_below(ceil - floor + 1);
}

/* one step of a component: k bits of it count, q and s are its taps */
static u32 step(u32 x, int q, int k, u32 mask, int s)
{
	return (x & mask) << s ^ (x << q ^ x) >> k;
}

u32 prandom_u32_state(struct rnd_state *state)
{
	state->s1 = step(state->s1, 6, 13, ~1u, 18);
	state->s2 = step(state->s2, 2, 27, ~7u, 2);
	state->s3 = step(state->s3, 13, 21, ~15u, 7);
	state->s4 = step(state->s4, 3, 12, ~127u, 13);
	return state->s1 ^ state->s2 ^ state->s3 ^ state->s4;
}

void prandom_bytes_state(struct rnd_state *state, void *buf, size_t nbytes)
{
	u8 *p = buf;

	for (; nbytes >= sizeof(u32); nbytes -= sizeof(u32), p += sizeof(u32))
		put_unaligned(prandom_u32_state(state), (u32 *)p);
	if (nbytes) {
		u32 last = prandom_u32_state(state);

		for (; nbytes; nbytes--, last >>= 8)
			*p++ = last;
	}
}

/* no component may start below the number of bits that do not count */
static u32 at_least(u32 x, u32 minimum)
{
	return x < minimum ? x + minimum : x;
}

void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	u32 i = ((seed >> 32) ^ (seed << 10) ^ seed) & 0xffffffffUL;

	state->s1 = at_least(i, 2);
	state->s2 = at_least(i, 8);
	state->s3 = at_least(i, 16);
	state->s4 = at_least(i, 128);
}

#else

u32 random32(void)
{
	u32 v;

	kmem_host_random(&v, sizeof(v));
	return v;
}

#endif
