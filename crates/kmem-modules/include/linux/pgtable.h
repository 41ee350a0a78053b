/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Page protection and the limits of the vmalloc area. */
#pragma once
#include <asm/page.h>

typedef unsigned long pgprot_t;
#define pgprot_val(x)	(x)
#define __pgprot(x)	((pgprot_t)(x))

#define _PAGE_PRESENT	0x001
#define _PAGE_RW	0x002
#define _PAGE_USER	0x004
#define _PAGE_PWT	0x008
#define _PAGE_PCD	0x010
#define _PAGE_ACCESSED	0x020
#define _PAGE_DIRTY	0x040

#define PAGE_KERNEL	__pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_DIRTY | _PAGE_ACCESSED)
#define PAGE_KERNEL_RO	__pgprot(_PAGE_PRESENT | _PAGE_DIRTY | _PAGE_ACCESSED)
#define PAGE_KERNEL_EXEC	PAGE_KERNEL
#define PAGE_KERNEL_NOCACHE	__pgprot(PAGE_KERNEL | _PAGE_PCD | _PAGE_PWT)
#define PAGE_SHARED	__pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_READONLY	__pgprot(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define pgprot_noncached(prot)	__pgprot((prot) | _PAGE_PCD | _PAGE_PWT)
#define pgprot_writecombine(prot)	pgprot_noncached(prot)

#define VMALLOC_START	((unsigned long)KMEM_VMALLOC_START)
#define VMALLOC_END	((unsigned long)KMEM_VMALLOC_END)
#define VMALLOC_TOTAL	(VMALLOC_END - VMALLOC_START)

#ifdef CONFIG_MMU
#include <kmem/page_table.h>
#endif
