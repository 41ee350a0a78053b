/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory that is contiguous in addresses only. */
#pragma once
#include <linux/list.h>
#include <linux/overflow_mm.h>
#include <linux/pgtable.h>
#include <linux/types.h>
#include <linux/mm_types.h>

#define VM_IOREMAP	0x00000001
#define VM_ALLOC	0x00000002
#define VM_MAP		0x00000004
#define VM_USERMAP	0x00000008
#if KMEM_ERA >= 60
#define VM_DMA_COHERENT	0x00000010
#define VM_UNINITIALIZED	0x00000020
#define VM_NO_GUARD	0x00000040
#define VM_FLUSH_RESET_PERMS	0x00000100
#define VM_MAP_PUT_PAGES	0x00000200
#define VM_ALLOW_HUGE_VMAP	0x00000400
#else
#define VM_VPAGES	0x00000010
#endif
#define IOREMAP_MAX_ORDER	(7 + PAGE_SHIFT)

struct page;

void *vmalloc(unsigned long size);
void *vmalloc_32(unsigned long size);
void vfree(const void *addr);
void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot);
void vunmap(const void *addr);
struct page *vmalloc_to_page(const void *addr);
unsigned long vmalloc_to_pfn(const void *addr);

#define vmalloc_node(size, node)	((void)(node), vmalloc(size))
#define vmalloc_exec(size)	vmalloc(size)

#if KMEM_ERA >= 60
void *vzalloc(unsigned long size);
void *vmalloc_user(unsigned long size);
void *__vmalloc(unsigned long size, gfp_t gfp);
void *__vmalloc_node(unsigned long size, unsigned long align, gfp_t gfp, int node,
		     const void *caller);
void *vcalloc(size_t n, size_t size);
void *vmalloc_array(size_t n, size_t size);
void *vrealloc(const void *p, size_t size, gfp_t gfp);
#define vrealloc_noprof	vrealloc

#define vzalloc_node(size, node)	((void)(node), vzalloc(size))
#define vmalloc_huge(size, gfp)	__vmalloc(size, gfp)
#define vmalloc_32_user(size)	vmalloc_user(size)
#define vfree_atomic(addr)	vfree(addr)
#define __vcalloc(n, size, gfp)	__vmalloc(size_mul(n, size), (gfp) | __GFP_ZERO)
#define __vmalloc_array(n, size, gfp)	__vmalloc(size_mul(n, size), gfp)
#define vm_map_ram(pages, count, node)	((void)(node), vmap(pages, count, VM_MAP, PAGE_KERNEL))
#define vm_unmap_ram(mem, count)	((void)(count), vunmap(mem))
#define vm_unmap_aliases()	do { } while (0)
#define set_vm_flush_reset_perms(addr)	do { } while (0)
#define vmalloc_noprof	vmalloc
#define vzalloc_noprof	vzalloc
#define __vmalloc_noprof	__vmalloc
#define __vmalloc_node_noprof	__vmalloc_node
#define vmalloc_user_noprof	vmalloc_user
#define vcalloc_noprof	vcalloc
#define vmalloc_array_noprof	vmalloc_array
#define __vmalloc_array_noprof	__vmalloc_array
#define __vcalloc_noprof	__vcalloc
#define vmalloc_node_noprof	vmalloc_node
#define vzalloc_node_noprof	vzalloc_node
#define vmalloc_huge_noprof	vmalloc_huge
#define vmalloc_32_noprof	vmalloc_32
#define vmalloc_32_user_noprof	vmalloc_32_user
#else
void *__vmalloc(unsigned long size, gfp_t gfp, pgprot_t prot);
#endif
