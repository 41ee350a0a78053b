/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bits of a word and of an array of words. */
#pragma once
#include <linux/types.h>
#include <linux/bits.h>
#include <linux/typecheck.h>
#include <asm/byteorder.h>

#define BITS_PER_TYPE(type)	(sizeof(type) * BITS_PER_BYTE)
#define BITS_TO_LONGS(nr)	(((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define BITS_TO_U64(nr)		(((nr) + 63) / 64)
#define BITS_TO_U32(nr)		(((nr) + 31) / 32)
#define BITS_TO_BYTES(nr)	(((nr) + 7) / 8)
#define BITOP_WORD(nr)		BIT_WORD(nr)

static inline volatile unsigned long *kmem_word_of(long nr, volatile unsigned long *addr)
{
	return addr + BIT_WORD((unsigned long)nr);
}

/* atomic */
static inline void set_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_or(kmem_word_of(nr, addr), BIT_MASK((unsigned long)nr), __ATOMIC_RELAXED);
}

static inline void clear_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_and(kmem_word_of(nr, addr), ~BIT_MASK((unsigned long)nr), __ATOMIC_RELAXED);
}

static inline void change_bit(long nr, volatile unsigned long *addr)
{
	__atomic_fetch_xor(kmem_word_of(nr, addr), BIT_MASK((unsigned long)nr), __ATOMIC_RELAXED);
}

static inline int test_and_set_bit(long nr, volatile unsigned long *addr)
{
	unsigned long mask = BIT_MASK((unsigned long)nr);

	return !!(__atomic_fetch_or(kmem_word_of(nr, addr), mask, __ATOMIC_SEQ_CST) & mask);
}

static inline int test_and_clear_bit(long nr, volatile unsigned long *addr)
{
	unsigned long mask = BIT_MASK((unsigned long)nr);

	return !!(__atomic_fetch_and(kmem_word_of(nr, addr), ~mask, __ATOMIC_SEQ_CST) & mask);
}

static inline int test_and_change_bit(long nr, volatile unsigned long *addr)
{
	unsigned long mask = BIT_MASK((unsigned long)nr);

	return !!(__atomic_fetch_xor(kmem_word_of(nr, addr), mask, __ATOMIC_SEQ_CST) & mask);
}

/* not atomic */
static __always_inline void __set_bit(long nr, volatile unsigned long *addr)
{
	((unsigned long *)addr)[BIT_WORD((unsigned long)nr)] |= BIT_MASK((unsigned long)nr);
}

static __always_inline void __clear_bit(long nr, volatile unsigned long *addr)
{
	((unsigned long *)addr)[BIT_WORD((unsigned long)nr)] &= ~BIT_MASK((unsigned long)nr);
}

static __always_inline void __change_bit(long nr, volatile unsigned long *addr)
{
	((unsigned long *)addr)[BIT_WORD((unsigned long)nr)] ^= BIT_MASK((unsigned long)nr);
}

static __always_inline int kmem_test_bit(unsigned long nr, const volatile unsigned long *addr)
{
	return (addr[BIT_WORD(nr)] >> (nr % BITS_PER_LONG)) & 1;
}

static __always_inline int kmem_test_bit_known(unsigned long nr, const unsigned long *addr)
{
	return (addr[BIT_WORD(nr)] >> (nr % BITS_PER_LONG)) & 1;
}

/* of a word that the compiler knows the bit is a constant; else it is read each time */
#define test_bit(nr, addr)						\
	(__builtin_constant_p(*(const unsigned long *)(addr)) ?		\
	 kmem_test_bit_known(nr, (const unsigned long *)(addr)) : kmem_test_bit(nr, addr))

static inline int __test_and_set_bit(long nr, volatile unsigned long *addr)
{
	int old = test_bit(nr, addr);

	__set_bit(nr, addr);
	return old;
}

static inline int __test_and_clear_bit(long nr, volatile unsigned long *addr)
{
	int old = test_bit(nr, addr);

	__clear_bit(nr, addr);
	return old;
}

static inline int __test_and_change_bit(long nr, volatile unsigned long *addr)
{
	int old = test_bit(nr, addr);

	__change_bit(nr, addr);
	return old;
}

#define test_bit_acquire(nr, addr)	test_bit(nr, addr)
#define test_and_set_bit_lock(nr, addr)	test_and_set_bit(nr, addr)
#define clear_bit_unlock(nr, addr)	clear_bit(nr, addr)
#define __clear_bit_unlock(nr, addr)	__clear_bit(nr, addr)
#define smp_mb__before_clear_bit()	barrier()
#define smp_mb__after_clear_bit()	barrier()

static inline void assign_bit(long nr, volatile unsigned long *addr, _Bool value)
{
	if (value)
		set_bit(nr, addr);
	else
		clear_bit(nr, addr);
}

static __always_inline void __assign_bit(long nr, volatile unsigned long *addr, _Bool value)
{
	if (value)
		__set_bit(nr, addr);
	else
		__clear_bit(nr, addr);
}

/* the number of a bit: __ffs, __fls count from 0 and want a bit set; ffs, fls count from 1 and give 0 for none */
static __always_inline unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

static __always_inline unsigned long __fls(unsigned long word)
{
	return BITS_PER_LONG - 1 - __builtin_clzl(word);
}

static __always_inline int ffs(int x)
{
	return x ? __builtin_ctz(x) + 1 : 0;
}

static __always_inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static __always_inline int fls64(u64 x)
{
	u32 high = x >> 32;

	return high ? fls(high) + 32 : fls((u32)x);
}

static __always_inline unsigned int fls_long(unsigned long x)
{
	return sizeof(x) == 4 ? fls(x) : fls64(x);
}

static __always_inline unsigned long __ffs64(u64 x)
{
	return (u32)x ? __builtin_ctz((u32)x) : 32 + __builtin_ctz((u32)(x >> 32));
}

#define ffz(x)	__ffs(~(x))

/* the number of bits set */
#define __const_hweight8(w)						\
	((unsigned int)(!!((w) & 0x01) + !!((w) & 0x02) + !!((w) & 0x04) + !!((w) & 0x08) + \
			!!((w) & 0x10) + !!((w) & 0x20) + !!((w) & 0x40) + !!((w) & 0x80)))
#define __const_hweight16(w)	(__const_hweight8(w) + __const_hweight8((w) >> 8))
#define __const_hweight32(w)	(__const_hweight16(w) + __const_hweight16((w) >> 16))
#define __const_hweight64(w)	(__const_hweight32(w) + __const_hweight32((u64)(w) >> 32))

static inline unsigned int __sw_hweight32(unsigned int w)
{
	w -= (w >> 1) & 0x55555555;
	w = (w & 0x33333333) + ((w >> 2) & 0x33333333);
	w = (w + (w >> 4)) & 0x0f0f0f0f;
	return (w * 0x01010101) >> 24;
}

static inline unsigned long __sw_hweight64(u64 w)
{
	return __sw_hweight32((u32)w) + __sw_hweight32((u32)(w >> 32));
}

#define hweight8(w)	(__builtin_constant_p(w) ? __const_hweight8(w) : __sw_hweight32((w) & 0xff))
#define hweight16(w)	(__builtin_constant_p(w) ? __const_hweight16(w) : __sw_hweight32((w) & 0xffff))
#define hweight32(w)	(__builtin_constant_p(w) ? __const_hweight32(w) : __sw_hweight32(w))
#define hweight64(w)	(__builtin_constant_p(w) ? __const_hweight64(w) : __sw_hweight64(w))
#define HWEIGHT8(w)	(BUILD_BUG_ON_ZERO(!__builtin_constant_p(w)) + __const_hweight8(w))
#define HWEIGHT16(w)	(BUILD_BUG_ON_ZERO(!__builtin_constant_p(w)) + __const_hweight16(w))
#define HWEIGHT32(w)	(BUILD_BUG_ON_ZERO(!__builtin_constant_p(w)) + __const_hweight32(w))
#define HWEIGHT64(w)	(BUILD_BUG_ON_ZERO(!__builtin_constant_p(w)) + __const_hweight64(w))

static __always_inline unsigned long hweight_long(unsigned long w)
{
	return sizeof(w) == 4 ? __sw_hweight32(w) : __sw_hweight64(w);
}

/* rotation */
static inline u64 rol64(u64 word, unsigned int shift)
{
	return (word << (shift & 63)) | (word >> (-shift & 63));
}

static inline u64 ror64(u64 word, unsigned int shift)
{
	return (word >> (shift & 63)) | (word << (-shift & 63));
}

static inline u32 rol32(u32 word, unsigned int shift)
{
	return (word << (shift & 31)) | (word >> (-shift & 31));
}

static inline u32 ror32(u32 word, unsigned int shift)
{
	return (word >> (shift & 31)) | (word << (-shift & 31));
}

static inline u16 rol16(u16 word, unsigned int shift)
{
	return (word << (shift & 15)) | (word >> (-shift & 15));
}

static inline u16 ror16(u16 word, unsigned int shift)
{
	return (word >> (shift & 15)) | (word << (-shift & 15));
}

static inline u8 rol8(u8 word, unsigned int shift)
{
	return (word << (shift & 7)) | (word >> (-shift & 7));
}

static inline u8 ror8(u8 word, unsigned int shift)
{
	return (word >> (shift & 7)) | (word << (-shift & 7));
}

static __always_inline s32 sign_extend32(u32 value, int index)
{
	return (s32)(value << (31 - index)) >> (31 - index);
}

static __always_inline s64 sign_extend64(u64 value, int index)
{
	return (s64)(value << (63 - index)) >> (63 - index);
}

/* the order of the smallest power of two that is not below */
static __always_inline int get_count_order(unsigned int count)
{
	return count ? fls(count - 1) : -1;
}

static __always_inline int get_count_order_long(unsigned long l)
{
	return l ? (int)fls_long(l - 1) : -1;
}

static inline int get_bitmask_order(unsigned int count)
{
	return fls(count);
}

static inline unsigned int parity8(u8 val)
{
	return __sw_hweight32(val) & 1;
}

#define set_mask_bits(ptr, mask, bits) ({				\
	const __typeof__(*(ptr)) __mask = (mask), __bits = (bits);	\
	__typeof__(*(ptr)) __was = READ_ONCE(*(ptr));			\
	*(ptr) = (__was & ~__mask) | __bits;				\
	__was; })
#define bit_clear_unless(ptr, clear, test) ({				\
	const __typeof__(*(ptr)) __clear = (clear), __test = (test);	\
	int __free = !(*(ptr) & __test);				\
	if (__free)							\
		*(ptr) &= ~__clear;					\
	__free; })

/* the number of the n-th bit that is set, from 0 */
static inline unsigned long fns(unsigned long word, unsigned int n)
{
	for (; word; word &= word - 1)
		if (!n--)
			return __ffs(word);
	return BITS_PER_LONG;
}

/* a source's own find.h takes these where they are defined */
unsigned long find_next_bit(const unsigned long *addr, unsigned long size, unsigned long offset);
unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size, unsigned long offset);
unsigned long find_last_bit(const unsigned long *addr, unsigned long size);
#define find_next_bit	find_next_bit
#define find_next_zero_bit	find_next_zero_bit
#define find_last_bit	find_last_bit
#define find_first_bit(addr, size)	find_next_bit(addr, size, 0)
#define find_first_zero_bit(addr, size)	find_next_zero_bit(addr, size, 0)

#if KMEM_ERA < 60
#include <linux/find.h>
#endif
