/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bits and masks. */
#pragma once
#include <linux/const.h>
#include <linux/build_bug.h>
#include <asm/bitsperlong.h>

#define BITS_PER_BYTE	8
#define BIT(nr)		(UL(1) << (nr))
#define BIT_ULL(nr)	(ULL(1) << (nr))
#define BIT_MASK(nr)	(UL(1) << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr)	((nr) / BITS_PER_LONG)
#define BIT_ULL_MASK(nr)	(ULL(1) << ((nr) % BITS_PER_LONG_LONG))
#define BIT_ULL_WORD(nr)	((nr) / BITS_PER_LONG_LONG)
/* 0; bounds that are constant and in the wrong order do not compile */
#define GENMASK_INPUT_CHECK(h, l)	\
	BUILD_BUG_ON_ZERO(__builtin_choose_expr(__is_constexpr((l) > (h)), (l) > (h), 0))
#define GENMASK(h, l)	\
	((~UL(0) - (UL(1) << (l)) + 1) & (~UL(0) >> (BITS_PER_LONG - 1 - (h))))
#define GENMASK_ULL(h, l)	\
	((~ULL(0) - (ULL(1) << (l)) + 1) & (~ULL(0) >> (BITS_PER_LONG_LONG - 1 - (h))))
#define __GENMASK(h, l)	GENMASK(h, l)
