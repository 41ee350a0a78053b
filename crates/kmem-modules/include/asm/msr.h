/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* 2.6's ways to read the counter of cycles. */
#pragma once
#include <linux/timex.h>

#define rdtscll(val)	((val) = get_cycles())
#define rdtscl(low)	((low) = (u32)get_cycles())
#define rdtsc()		get_cycles()
