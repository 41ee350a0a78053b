/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Powers, roots, divisors. */
#include <linux/bitops.h>
#include <linux/gcd.h>
#include <linux/lcm.h>
#include <linux/math.h>
#include <linux/minmax.h>

unsigned long gcd(unsigned long a, unsigned long b)
{
	while (b) {
		unsigned long rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

unsigned long lcm(unsigned long a, unsigned long b)
{
	return a && b ? a / gcd(a, b) * b : 0;
}

unsigned long lcm_not_zero(unsigned long a, unsigned long b)
{
	unsigned long l = lcm(a, b);

	return l ? l : b ? b : a;
}

#if KMEM_ERA >= 60

u64 int_pow(u64 base, unsigned int exp)
{
	u64 result = 1;

	for (; exp; exp >>= 1, base *= base)
		if (exp & 1)
			result *= base;
	return result;
}

u32 int_sqrt64(u64 x)
{
	u64 root = 0, bit;

	for (bit = x ? 1ull << ((fls64(x) - 1) & ~1) : 0; bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

unsigned long int_sqrt(unsigned long x)
{
	return int_sqrt64(x);
}

#endif
