/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Atomic access to 64 bits where a word has 32: what the compiler calls, by compare-and-exchange of 8 bytes. */
#include <linux/types.h>
#include <asm/bitsperlong.h>

#if BITS_PER_LONG == 32

#define UPDATE(name, expression)					\
u64 name(volatile void *p, u64 v, int order)				\
{									\
	volatile u64 *at = p;						\
	u64 old = *at, seen;						\
									\
	while ((seen = __sync_val_compare_and_swap(at, old, (expression))) != old)	\
		old = seen;						\
	return old;							\
}
UPDATE(__atomic_exchange_8, v)
UPDATE(__atomic_fetch_add_8, old + v)
UPDATE(__atomic_fetch_sub_8, old - v)
UPDATE(__atomic_fetch_and_8, old & v)
UPDATE(__atomic_fetch_or_8, old | v)
UPDATE(__atomic_fetch_xor_8, old ^ v)
#undef UPDATE

u64 __atomic_load_8(const volatile void *p, int order)
{
	return __sync_val_compare_and_swap((volatile u64 *)p, 0, 0);
}

void __atomic_store_8(volatile void *p, u64 v, int order)
{
	__atomic_exchange_8(p, v, order);
}

_Bool __atomic_compare_exchange_8(volatile void *p, void *expected, u64 v, _Bool weak,
				  int success, int failure)
{
	u64 wanted = *(u64 *)expected;
	u64 seen = __sync_val_compare_and_swap((volatile u64 *)p, wanted, v);

	*(u64 *)expected = seen;
	return seen == wanted;
}

#endif
