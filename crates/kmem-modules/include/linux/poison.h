/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The values that mark memory as not to be used. */
#pragma once

#ifdef CONFIG_64BIT
#define POISON_POINTER_DELTA	0xdead000000000000UL
#else
#define POISON_POINTER_DELTA	0
#endif

#define LIST_POISON1	((void *)(0x100UL + POISON_POINTER_DELTA))
#if KMEM_ERA >= 60
#define LIST_POISON2	((void *)(0x122UL + POISON_POINTER_DELTA))
#else
#define LIST_POISON2	((void *)(0x200UL + POISON_POINTER_DELTA))
#endif

#define SLUB_RED_INACTIVE	0xbb
#define SLUB_RED_ACTIVE	0xcc
#define POISON_INUSE	0x5a
#define POISON_FREE	0x6b
#define POISON_END	0xa5
