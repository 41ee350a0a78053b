/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes in reverse. */
#pragma once
#include <linux/types.h>

#define swab16(x)	((u16)__builtin_bswap16(x))
#define swab32(x)	((u32)__builtin_bswap32(x))
#define swab64(x)	((u64)__builtin_bswap64(x))
#define __swab16(x)	swab16(x)
#define __swab32(x)	swab32(x)
#define __swab64(x)	swab64(x)
#define ___constant_swab16(x)	swab16(x)
#define ___constant_swab32(x)	swab32(x)
#define ___constant_swab64(x)	swab64(x)
#define swab(x)		((unsigned long)(sizeof(long) == 4 ? swab32(x) : swab64(x)))

static inline u16 swab16p(const u16 *p) { return swab16(*p); }
static inline u32 swab32p(const u32 *p) { return swab32(*p); }
static inline u64 swab64p(const u64 *p) { return swab64(*p); }
static inline void swab16s(u16 *p) { *p = swab16(*p); }
static inline void swab32s(u32 *p) { *p = swab32(*p); }
static inline void swab64s(u64 *p) { *p = swab64(*p); }
static inline u32 swahw32(u32 x) { return x << 16 | x >> 16; }
