// SPDX-License-Identifier: MIT OR Apache-2.0
/* Names of the modern API that drivers need less often: each does what it does in a kernel. What is wrong is printed. */
#include <linux/device.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define CHECK(what)	do { if (!(what)) pr_err("line %d: %s\n", __LINE__, #what); } while (0)

static const char *text_of(const char *format, ...)
{
	static char text[120];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

static void flags(void)
{
	CHECK(___GFP_DMA == 1 && ___GFP_HIGHMEM == 2 && ___GFP_DMA32 == 4 && ___GFP_MOVABLE == 8);
	CHECK(___GFP_HIGH == 0x20 && ___GFP_IO == 0x40 && ___GFP_FS == 0x80 && ___GFP_ZERO == 0x100);
	CHECK(___GFP_DIRECT_RECLAIM == 0x400 && ___GFP_KSWAPD_RECLAIM == 0x800 && ___GFP_WRITE == 0x1000);
	CHECK(___GFP_NOWARN == 0x2000 && ___GFP_NORETRY == 0x10000 && ___GFP_COMP == 0x40000);
	CHECK(___GFP_THISNODE == 0x200000 && ___GFP_ACCOUNT == 0x400000 && ___GFP_RECLAIMABLE == 0x10);
}

static void texts(void)
{
	CHECK((unsigned long)LIST_POISON2 - (unsigned long)LIST_POISON1 == 0x22);
	CHECK(!strcmp(module_name(THIS_MODULE), "names"));
	CHECK(!strcmp(text_of("%ps", flags), "flags [names]"));
	CHECK(strstr(text_of("%pS", flags), "flags+0x0/0x") && strstr(text_of("%pS", flags), " [names]"));
	CHECK(!strcmp(text_of("<%*pE>", 4, "a\nb\001"), "<a\\nb\\001>"));
	CHECK(!strcmp(text_of("<%2pEh>", "ab"), "<\\x61\\x62>"));
	CHECK(num_online_nodes() == 1 && cpumask_test_cpu(0, cpumask_of_node(0)));
}

static void pages(void)
{
	struct page *page, *next;
	LIST_HEAD(list);
	unsigned int n = 0;
	void *addr;

	CHECK(alloc_pages_bulk_list(GFP_KERNEL, 5, &list) == 5);
	list_for_each_entry_safe(page, next, &list, lru) {
		list_del(&page->lru);
		__free_page(page);
		n++;
	}
	CHECK(n == 5);
	addr = (void *)get_zeroed_page(GFP_KERNEL);
	CHECK(!set_memory_uc((unsigned long)addr, 1) && !set_memory_wb((unsigned long)addr, 1));
	free_page((unsigned long)addr);
	addr = __vcalloc(3, 100, GFP_KERNEL);
	CHECK(addr && !*(char *)addr);
	vfree(addr);
}

static void pools(void)
{
	mempool_t *pool = mempool_create_kmalloc_pool(3, 40);
	void *p = mempool_alloc(pool, GFP_KERNEL);

	CHECK(pool->min_nr == 3 && pool->curr_nr == 3 && pool->pool_data == (void *)40);
	CHECK(pool->alloc == mempool_kmalloc && pool->free == mempool_kfree);
	mempool_free(p, pool);
	CHECK(!mempool_resize(pool, 1) && pool->min_nr == 1 && pool->curr_nr == 1);
	mempool_destroy(pool);
}

static void lists_of_memory(void)
{
	static char from[300], to[300];
	struct sg_table table;
	struct scatterlist *sg;
	struct page *pages[3];
	unsigned int i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = i;
	/* more entries than a page has room for */
	CHECK(!sg_alloc_table(&table, 700, GFP_KERNEL));
	CHECK(table.orig_nents == 700 && sg_nents(table.sgl) == 700);
	CHECK(sg_is_last(sg_last(table.sgl, 700)));
	sg_free_table(&table);

	CHECK(!sg_alloc_table(&table, 3, GFP_KERNEL));
	for_each_sgtable_sg(&table, sg, i)
		sg_set_buf(sg, kzalloc(100, GFP_KERNEL), 100);
	CHECK(sg_nents_for_len(table.sgl, 101) == 2 && sg_nents_for_len(table.sgl, 301) == -EINVAL);
	CHECK(sg_copy_from_buffer(table.sgl, 3, from, 300) == 300);
	CHECK(sg_pcopy_to_buffer(table.sgl, 3, to, 150, 90) == 150 && !memcmp(to, from + 90, 150));
	CHECK(sg_zero_buffer(table.sgl, 3, 120, 0) == 120);
	CHECK(sg_copy_to_buffer(table.sgl, 3, to, 300) == 300 && !to[119] && to[120] == from[120]);
	for_each_sgtable_sg(&table, sg, i)
		kfree(sg_virt(sg));
	sg_free_table(&table);

	pages[0] = alloc_pages(GFP_KERNEL, 1);
	pages[1] = pages[0] + 1;
	pages[2] = pages[0];
	CHECK(!sg_alloc_table_from_pages(&table, pages, 3, 100, 2 * PAGE_SIZE, GFP_KERNEL));
	CHECK(table.nents == 2 && table.sgl->length == 2 * PAGE_SIZE - 100 && sg_next(table.sgl)->length == 100);
	sg_free_table(&table);
	__free_pages(pages[0], 1);
}

#if LINUX_VERSION_CODE >= 0x060a00
/* the functions that the macros of allocation are over */
static void by_other_names(void)
{
	struct kmem_cache *cache = kmem_cache_create("names", 40, 0, 0, NULL);
	mempool_t *pool;
	void *p;

	p = kmemdup_noprof("abc", 4, GFP_KERNEL);
	CHECK(!strcmp(p, "abc"));
	kfree(p);
	kmem_cache_free(cache, kmem_cache_alloc_lru_noprof(cache, NULL, GFP_KERNEL));
	kmem_cache_destroy(cache);
	__free_page(alloc_pages_node_noprof(0, GFP_KERNEL, 0));
	folio_put(folio_alloc_noprof(GFP_KERNEL, 1));
	vfree(vzalloc_node_noprof(10, 0));
	vfree(vmalloc_32_noprof(10));
	vfree(vmalloc_huge_noprof(10, GFP_KERNEL));
	pool = mempool_create_node_noprof(1, mempool_kmalloc, mempool_kfree, (void *)8, GFP_KERNEL, 0);
	p = mempool_alloc_noprof(pool, GFP_KERNEL);
	mempool_free(p, pool);
	mempool_destroy(pool);
}
#else
static void by_other_names(void) { }
#endif

static int __init names_init(void)
{
	flags();
	texts();
	pages();
	pools();
	lists_of_memory();
	by_other_names();
	pr_info("done\n");
	return 0;
}

static void __exit names_exit(void)
{
}

module_init(names_init);
module_exit(names_exit);
MODULE_LICENSE("Dual MIT/GPL");
