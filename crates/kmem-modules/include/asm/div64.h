/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* do_div: divides a 64-bit variable by 32 bits in place and gives the rest. */
#pragma once
#include <linux/types.h>

#define do_div(n, base) ({				\
	u32 __base = (base);				\
	u32 __rest = (u64)(n) % __base;			\
	(n) = (u64)(n) / __base;			\
	__rest; })
#define sector_div(n, base)	do_div(n, base)
