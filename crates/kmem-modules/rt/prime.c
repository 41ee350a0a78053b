/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prime numbers, by division: a number below 2^32 has no more than 65536 candidates. */
#if KMEM_ERA >= 60
#include <linux/limits.h>
#include <linux/prime_numbers.h>

bool is_prime_number(unsigned long x)
{
	unsigned long d;

	if (x < 4)
		return x >= 2;
	if (x % 2 == 0)
		return false;
	for (d = 3; d <= x / d; d += 2)
		if (x % d == 0)
			return false;
	return true;
}

unsigned long next_prime_number(unsigned long x)
{
	while (x < ULONG_MAX && !is_prime_number(++x))
		;
	return x;
}
#endif
