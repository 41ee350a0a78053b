/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Division of 64-bit numbers where a word has 32 bits: what the compiler calls. */
#include <linux/bitops.h>
#include <linux/types.h>

#if BITS_PER_LONG == 32

/* high:low by a divisor above high */
static inline u32 div_words(u32 high, u32 low, u32 by, u32 *rest)
{
	u32 q;

	__asm__("divl %4" : "=a"(q), "=d"(*rest) : "a"(low), "d"(high), "rm"(by));
	return q;
}

u64 __udivmoddi4(u64 n, u64 d, u64 *rest)
{
	u32 d_high = d >> 32, d_low = d, high = n >> 32, r;
	u64 q = 0;
	int shift;

	if (!d_high) {
		u32 q_high = high / d_low;

		q = (u64)q_high << 32 | div_words(high - q_high * d_low, n, d_low, &r);
		if (rest)
			*rest = r;
		return q;
	}
	for (shift = n < d ? -1 : fls(high) - fls(d_high); shift >= 0; shift--) {
		q <<= 1;
		if (n >= d << shift) {
			n -= d << shift;
			q |= 1;
		}
	}
	if (rest)
		*rest = n;
	return q;
}

u64 __udivdi3(u64 n, u64 d)
{
	return __udivmoddi4(n, d, NULL);
}

u64 __umoddi3(u64 n, u64 d)
{
	u64 rest;

	__udivmoddi4(n, d, &rest);
	return rest;
}

static u64 magnitude(s64 v)
{
	return v < 0 ? -(u64)v : (u64)v;
}

/* rounds towards 0, the rest has the dividend's sign */
s64 __divmoddi4(s64 n, s64 d, s64 *rest)
{
	u64 r, q = __udivmoddi4(magnitude(n), magnitude(d), &r);

	*rest = n < 0 ? -r : r;
	return (n < 0) != (d < 0) ? -q : q;
}

s64 __divdi3(s64 n, s64 d)
{
	s64 rest;

	return __divmoddi4(n, d, &rest);
}

s64 __moddi3(s64 n, s64 d)
{
	s64 rest;

	__divmoddi4(n, d, &rest);
	return rest;
}

#endif
