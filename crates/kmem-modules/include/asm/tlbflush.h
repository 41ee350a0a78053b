/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The TLB. */
#pragma once
#include <kmem/host.h>

#define flush_tlb_kernel_range(start, end)	kmem_host_flush_tlb_kernel_range((start), (end))
#define flush_tlb_all()	kmem_host_flush_tlb_kernel_range(0, ~0UL)
#define __flush_tlb_all()	flush_tlb_all()
#define local_flush_tlb_all()	flush_tlb_all()
#define __flush_tlb()		flush_tlb_all()
#define __flush_tlb_one(addr)	kmem_host_flush_tlb_kernel_range((addr) & ~4095UL, ((addr) & ~4095UL) + 4096)
#define __flush_tlb_single(addr)	__flush_tlb_one(addr)
#define flush_tlb_kernel_page(addr)	__flush_tlb_one(addr)
