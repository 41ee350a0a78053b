/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The search for uninitialised memory: this kernel is built without it. */
#pragma once
#include <linux/types.h>

#define kmsan_poison_memory(p, size, gfp)	do { } while (0)
#define kmsan_unpoison_memory(p, size)	do { } while (0)
#define kmsan_check_memory(p, size)	do { } while (0)
#define kmsan_copy_to_user(to, from, n, left)	do { } while (0)
