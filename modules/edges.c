// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * edges: what the allocators answer to sizes and pointers at the edge.  The
 * output on a real kernel is the oracle; lines that depend on the page or
 * word size differ between machines.
 *
 * Era: modern.
 */
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/overflow.h>
#include <linux/string.h>

#ifndef MAX_PAGE_ORDER		/* before 6.8 MAX_ORDER, before 6.4 less one */
#define MAX_PAGE_ORDER (MAX_ORDER - 1)
#endif

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("allocator answers at the edges");

static const char *kind(const void *p)
{
	if (!p)
		return "NULL";
	if (p == ZERO_SIZE_PTR)
		return "ZERO_SIZE_PTR";
	if (is_vmalloc_addr(p))
		return "vmalloc";
	return "linear";
}

static int __init edges_init(void)
{
	static const size_t asks[] = { 1, 8, 9, 16, 33, 65, 97, 129, 193, 257,
				       1025, 4097, 8193, 10000, 70000 };
	volatile size_t huge = (size_t)-1 / 4 + 2;
	void *p, *q;
	int i;

	p = kmalloc(0, GFP_KERNEL);
	pr_info("edges: kmalloc(0) %s, ksize %zu\n", kind(p), ksize(p));
	kfree(p);
	kfree(NULL);
	pr_info("edges: ksize(NULL) %zu\n", ksize(NULL));
	for (i = 0; i < (int)ARRAY_SIZE(asks); i++) {
		p = kmalloc(asks[i], GFP_KERNEL);
		pr_info("edges: kmalloc(%zu) %s ksize %zu round %zu\n", asks[i],
			kind(p), ksize(p), kmalloc_size_roundup(asks[i]));
		kfree(p);
	}
	p = kmalloc(KMALLOC_MAX_SIZE, GFP_KERNEL | __GFP_NOWARN);
	pr_info("edges: kmalloc(KMALLOC_MAX_SIZE = %lu) %s\n",
		(unsigned long)KMALLOC_MAX_SIZE, kind(p));
	kfree(p);
	huge = KMALLOC_MAX_SIZE + 1;
	p = kmalloc(huge, GFP_KERNEL | __GFP_NOWARN);
	pr_info("edges: kmalloc(KMALLOC_MAX_SIZE + 1) %s\n", kind(p));
	kfree(p);
	pr_info("edges: KMALLOC_MAX_CACHE_SIZE %lu KMALLOC_MIN_SIZE %lu ARCH_KMALLOC_MINALIGN %lu\n",
		(unsigned long)KMALLOC_MAX_CACHE_SIZE,
		(unsigned long)KMALLOC_MIN_SIZE,
		(unsigned long)ARCH_KMALLOC_MINALIGN);

	huge = (size_t)-1 / 4 + 2;
	p = kmalloc_array(huge, 8, GFP_KERNEL);
	pr_info("edges: kmalloc_array overflow %s\n", kind(p));
	p = kcalloc(huge, 8, GFP_KERNEL);
	pr_info("edges: kcalloc overflow %s\n", kind(p));
	p = kvmalloc_array(huge, 8, GFP_KERNEL);
	pr_info("edges: kvmalloc_array overflow %s\n", kind(p));
	pr_info("edges: array_size overflow %s\n",
		array_size(huge, 8) == SIZE_MAX ? "saturates" : "wraps");

	p = krealloc(NULL, 20, GFP_KERNEL);
	pr_info("edges: krealloc(NULL, 20) %s\n", kind(p));
	memset(p, 'x', 20);
	q = krealloc(p, 30, GFP_KERNEL);
	pr_info("edges: krealloc within the class %s\n",
		p == q ? "stays" : "moves");
	p = krealloc(q, 3000, GFP_KERNEL);
	pr_info("edges: krealloc to 3000 %s, content %s\n",
		p == q ? "stays" : "moves",
		((char *)p)[19] == 'x' ? "kept" : "lost");
	q = krealloc(p, 10, GFP_KERNEL);
	pr_info("edges: krealloc down %s, ksize %zu\n",
		p == q ? "stays" : "moves", ksize(q));
	p = krealloc(q, 0, GFP_KERNEL);
	pr_info("edges: krealloc to 0 %s\n", kind(p));

	p = vmalloc(0);
	pr_info("edges: vmalloc(0) %s\n", kind(p));
	vfree(NULL);
	huge = (size_t)1 << (BITS_PER_LONG - 2);
	p = __vmalloc(huge, GFP_KERNEL | __GFP_NOWARN);
	pr_info("edges: vmalloc of a quarter of the address space %s\n",
		kind(p));
	p = vzalloc(100);
	pr_info("edges: vzalloc(100) %s, byte 4095 is %d\n", kind(p),
		((char *)p)[4095]);
	vfree(p);

	p = kvmalloc(100, GFP_KERNEL);
	pr_info("edges: kvmalloc(100) %s\n", kind(p));
	kvfree(p);
	p = kvmalloc(0, GFP_KERNEL);
	pr_info("edges: kvmalloc(0) %s\n", kind(p));
	kvfree(p);
	p = kvmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL);
	pr_info("edges: kvmalloc(KMALLOC_MAX_SIZE + 1) %s\n", kind(p));
	kvfree(p);
	p = kvmalloc(KMALLOC_MAX_SIZE + 1, GFP_NOWAIT | __GFP_NOWARN);
	pr_info("edges: kvmalloc(KMALLOC_MAX_SIZE + 1, GFP_NOWAIT) %s\n",
		kind(p));
	kvfree(p);

	p = kmemdup("abc", 4, GFP_KERNEL);
	pr_info("edges: kmemdup %s\n", (char *)p);
	kfree(p);
	p = kstrdup("a string", GFP_KERNEL);
	q = kasprintf(GFP_KERNEL, "%s and %d", (char *)p, 7);
	pr_info("edges: kstrdup and kasprintf: %s\n", (char *)q);
	kfree(q);
	kfree(p);
	pr_info("edges: kstrdup(NULL) %s\n", kind(kstrdup(NULL, GFP_KERNEL)));

	p = (void *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, MAX_PAGE_ORDER);
	pr_info("edges: order %d %s\n", MAX_PAGE_ORDER, kind(p));
	free_pages((unsigned long)p, MAX_PAGE_ORDER);
	p = (void *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN,
				     MAX_PAGE_ORDER + 1);
	pr_info("edges: order %d %s\n", MAX_PAGE_ORDER + 1, kind(p));
	pr_info("edges: get_order(0, 1, 4096, 4097) %d %d %d %d\n",
		get_order(0) > 10 ? 99 : get_order(0), get_order(1),
		get_order(4096), get_order(4097));

	pr_info("edges: GFP_KERNEL %#x GFP_ATOMIC %#x GFP_NOWAIT %#x GFP_NOIO %#x GFP_NOFS %#x\n",
		(__force unsigned)GFP_KERNEL, (__force unsigned)GFP_ATOMIC,
		(__force unsigned)GFP_NOWAIT, (__force unsigned)GFP_NOIO,
		(__force unsigned)GFP_NOFS);
	pr_info("edges: GFP_USER %#x GFP_HIGHUSER %#x GFP_DMA %#x GFP_DMA32 %#x __GFP_ZERO %#x __GFP_COMP %#x\n",
		(__force unsigned)GFP_USER, (__force unsigned)GFP_HIGHUSER,
		(__force unsigned)GFP_DMA, (__force unsigned)GFP_DMA32,
		(__force unsigned)__GFP_ZERO, (__force unsigned)__GFP_COMP);
	pr_info("edges: sizeof page %zu list_head %zu spinlock_t %zu\n",
		sizeof(struct page), sizeof(struct list_head),
		sizeof(spinlock_t));
	return 0;
}

static void __exit edges_exit(void)
{
	pr_info("edges: gone\n");
}

module_init(edges_init);
module_exit(edges_exit);
