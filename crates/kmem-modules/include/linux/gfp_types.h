/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The flags of an allocation. Their bits are the machine's; the compositions are the era's. */
#pragma once
#include <linux/types.h>

#define __GFP_DMA	((__force gfp_t)KMEM_GFP_DMA)
#define __GFP_HIGHMEM	((__force gfp_t)KMEM_GFP_HIGHMEM)
#define __GFP_DMA32	((__force gfp_t)KMEM_GFP_DMA32)
#define __GFP_HIGH	((__force gfp_t)KMEM_GFP_HIGH)
#define __GFP_IO	((__force gfp_t)KMEM_GFP_IO)
#define __GFP_FS	((__force gfp_t)KMEM_GFP_FS)
#define __GFP_ZERO	((__force gfp_t)KMEM_GFP_ZERO)
#define __GFP_NOWARN	((__force gfp_t)KMEM_GFP_NOWARN)
#define __GFP_NOFAIL	((__force gfp_t)KMEM_GFP_NOFAIL)
#define __GFP_NORETRY	((__force gfp_t)KMEM_GFP_NORETRY)
#define __GFP_COMP	((__force gfp_t)KMEM_GFP_COMP)
#define __GFP_NOMEMALLOC	((__force gfp_t)KMEM_GFP_NOMEMALLOC)
#define __GFP_HARDWALL	((__force gfp_t)KMEM_GFP_HARDWALL)

#if KMEM_ERA >= 60
/* the bits as plain numbers */
#define ___GFP_DMA	KMEM_GFP_DMA
#define ___GFP_HIGHMEM	KMEM_GFP_HIGHMEM
#define ___GFP_DMA32	KMEM_GFP_DMA32
#define ___GFP_MOVABLE	KMEM_GFP_MOVABLE
#define ___GFP_RECLAIMABLE	KMEM_GFP_RECLAIMABLE
#define ___GFP_HIGH	KMEM_GFP_HIGH
#define ___GFP_IO	KMEM_GFP_IO
#define ___GFP_FS	KMEM_GFP_FS
#define ___GFP_ZERO	KMEM_GFP_ZERO
#define ___GFP_DIRECT_RECLAIM	KMEM_GFP_DIRECT_RECLAIM
#define ___GFP_KSWAPD_RECLAIM	KMEM_GFP_KSWAPD_RECLAIM
#define ___GFP_WRITE	KMEM_GFP_WRITE
#define ___GFP_NOWARN	KMEM_GFP_NOWARN
#define ___GFP_RETRY_MAYFAIL	KMEM_GFP_RETRY_MAYFAIL
#define ___GFP_NOFAIL	KMEM_GFP_NOFAIL
#define ___GFP_NORETRY	KMEM_GFP_NORETRY
#define ___GFP_MEMALLOC	KMEM_GFP_MEMALLOC
#define ___GFP_COMP	KMEM_GFP_COMP
#define ___GFP_NOMEMALLOC	KMEM_GFP_NOMEMALLOC
#define ___GFP_HARDWALL	KMEM_GFP_HARDWALL
#define ___GFP_THISNODE	KMEM_GFP_THISNODE
#define ___GFP_ACCOUNT	KMEM_GFP_ACCOUNT

#define __GFP_MOVABLE	((__force gfp_t)KMEM_GFP_MOVABLE)
#define __GFP_RECLAIMABLE	((__force gfp_t)KMEM_GFP_RECLAIMABLE)
#define __GFP_DIRECT_RECLAIM	((__force gfp_t)KMEM_GFP_DIRECT_RECLAIM)
#define __GFP_KSWAPD_RECLAIM	((__force gfp_t)KMEM_GFP_KSWAPD_RECLAIM)
#define __GFP_RECLAIM	((__force gfp_t)(KMEM_GFP_DIRECT_RECLAIM | KMEM_GFP_KSWAPD_RECLAIM))
#define __GFP_WRITE	((__force gfp_t)KMEM_GFP_WRITE)
#define __GFP_RETRY_MAYFAIL	((__force gfp_t)KMEM_GFP_RETRY_MAYFAIL)
#define __GFP_MEMALLOC	((__force gfp_t)KMEM_GFP_MEMALLOC)
#define __GFP_THISNODE	((__force gfp_t)KMEM_GFP_THISNODE)
#define __GFP_ACCOUNT	((__force gfp_t)KMEM_GFP_ACCOUNT)
#if KMEM_GFP_ATOMIC
#define ___GFP_ATOMIC	KMEM_GFP_ATOMIC
#define __GFP_ATOMIC	((__force gfp_t)KMEM_GFP_ATOMIC)
#endif
#define __GFP_NOLOCKDEP	((__force gfp_t)0)
#define __GFP_NOTRACK	((__force gfp_t)0)
#define __GFP_SKIP_ZERO	((__force gfp_t)0)
#define __GFP_SKIP_KASAN	((__force gfp_t)0)
#define __GFP_BITS_SHIFT	26
#define GFP_ZONEMASK	(__GFP_DMA | __GFP_HIGHMEM | __GFP_DMA32 | __GFP_MOVABLE)

#define GFP_ATOMIC	(__GFP_HIGH | (__force gfp_t)KMEM_GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL	(__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
#if LINUX_VERSION_CODE >= 0x060600
#define GFP_NOWAIT	(__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)
#else
#define GFP_NOWAIT	(__GFP_KSWAPD_RECLAIM)
#endif
#define GFP_NOIO	(__GFP_RECLAIM)
#define GFP_NOFS	(__GFP_RECLAIM | __GFP_IO)
#define GFP_USER	(__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_DMA		__GFP_DMA
#define GFP_DMA32	__GFP_DMA32
#define GFP_HIGHUSER	(GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE	(GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_TRANSHUGE_LIGHT	\
	((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM)
#define GFP_TRANSHUGE	(GFP_TRANSHUGE_LIGHT | __GFP_DIRECT_RECLAIM)
#else
#define __GFP_WAIT	((__force gfp_t)KMEM_GFP_DIRECT_RECLAIM)
#define __GFP_COLD	((__force gfp_t)KMEM_GFP_COLD)
#define __GFP_REPEAT	((__force gfp_t)KMEM_GFP_RETRY_MAYFAIL)
#define __GFP_NO_GROW	((__force gfp_t)KMEM_GFP_NO_GROW)
#define __GFP_BITS_SHIFT	20
#define GFP_ZONEMASK	0x07

#define GFP_ATOMIC	(__GFP_HIGH)
#define GFP_NOWAIT	(GFP_ATOMIC & ~__GFP_HIGH)
#define GFP_NOIO	(__GFP_WAIT)
#define GFP_NOFS	(__GFP_WAIT | __GFP_IO)
#define GFP_KERNEL	(__GFP_WAIT | __GFP_IO | __GFP_FS)
#define GFP_USER	(__GFP_WAIT | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_HIGHUSER	(__GFP_WAIT | __GFP_IO | __GFP_FS | __GFP_HARDWALL | __GFP_HIGHMEM)
#define GFP_DMA		__GFP_DMA
#define GFP_DMA32	__GFP_DMA32
#endif

#define __GFP_BITS_MASK	((__force gfp_t)((1 << __GFP_BITS_SHIFT) - 1))
