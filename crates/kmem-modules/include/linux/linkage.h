/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How functions are called and seen: nothing special, all are plain C. */
#pragma once
#include <linux/compiler.h>

#define __page_aligned_data	__aligned(4096)
#define __page_aligned_bss	__aligned(4096)
#define FASTCALL(x)	x
#define CPP_ASMLINKAGE
#define asmlinkage_protect(n, ret, args...)	do { } while (0)
