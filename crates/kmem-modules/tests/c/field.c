/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The eighty names of memory that drivers use most, each used as drivers use it: a row a name, which returns 0 or the line of
 * what was not as it must be. The same source serves both eras; what came after 2.6.18 is not compiled there.
 */
#include <linux/module.h>
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/version.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/mm.h>
#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/pci.h>
#include <asm/uaccess.h>
#include <asm/io.h>

#define MODERN	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0))
#if MODERN
#include <linux/bitmap.h>
#include <linux/overflow.h>
#include <linux/of_address.h>
#include <linux/platform_device.h>
#define cache_create(name, size)	kmem_cache_create(name, size, 0, 0, NULL)
#define map_atomic(page)	kmap_atomic(page)
#define unmap_atomic(p)	kunmap_atomic(p)
#else
#define cache_create(name, size)	kmem_cache_create(name, size, 0, 0, NULL, NULL)
#define map_atomic(page)	kmap_atomic(page, KM_USER0)
#define unmap_atomic(p)	kunmap_atomic(p, KM_USER0)
#endif

/* what a row may look at */
static struct device *dev;		/* of the platform, where the era has it */
static struct pci_dev *pdev;
static unsigned long window = 0xfea00000;	/* of a device: 4 KiB of registers */

#define CHECK(c)	do { if (!(c)) return __LINE__; } while (0)
#define ROW(name)	static int use_##name(void)

static int all_are(const void *p, int byte, size_t n)
{
	const unsigned char *at = p;

	while (n--)
		if (*at++ != byte)
			return 0;
	return 1;
}

/* 1 to 20 */
ROW(kfree)
{
	void *p = kmalloc(100, GFP_KERNEL);

	CHECK(p);
	kfree(p);
	kfree(NULL);
	return 0;
}
ROW(kzalloc)
{
	char *p = kzalloc(1000, GFP_KERNEL);

	CHECK(p && all_are(p, 0, 1000));
	kfree(p);
	return 0;
}
ROW(kmalloc)
{
	char *small = kmalloc(1, GFP_ATOMIC), *large = kmalloc(100000, GFP_KERNEL);

	CHECK(small && large && small != large);
	memset(large, 1, 100000);
	*small = 2;
	CHECK(all_are(large, 1, 100000));
	kfree(large);
	kfree(small);
	return 0;
}
ROW(kcalloc)
{
	int *p = kcalloc(50, sizeof(*p), GFP_KERNEL);

	CHECK(p && all_are(p, 0, 50 * sizeof(*p)));
	kfree(p);
	CHECK(!kcalloc(~0UL / 2, 4, GFP_KERNEL));
	return 0;
}
ROW(iounmap)
{
	void __iomem *regs = ioremap(window, 4096);

	CHECK(regs);
	iounmap(regs);
	return 0;
}
ROW(ioremap)
{
	void __iomem *regs = ioremap(window + 16, 64);

	CHECK(regs && ((unsigned long)regs & 4095) == 16);
	writel(0x12345678, regs);
	CHECK(readl(regs) == 0x12345678);
	writel(0, regs);
	iounmap(regs);
	return 0;
}
ROW(dma_alloc_coherent)
{
	dma_addr_t at = 0;
	char *p = dma_alloc_coherent(dev, 10000, &at, GFP_KERNEL);

	CHECK(p && at && ((unsigned long)p & 4095) == 0);
	memset(p, 7, 10000);
	dma_free_coherent(dev, 10000, p, at);
	return 0;
}
#define use_dma_free_coherent	use_dma_alloc_coherent
ROW(vmalloc)
{
	char *p = vmalloc(3 * PAGE_SIZE);

	CHECK(p && ((unsigned long)p & ~PAGE_MASK) == 0);
	CHECK((unsigned long)p >= VMALLOC_START && (unsigned long)p < VMALLOC_END);
	memset(p, 3, 3 * PAGE_SIZE);
	CHECK(all_are(p, 3, 3 * PAGE_SIZE));
	vfree(p);
	return 0;
}
ROW(vfree)
{
	vfree(NULL);
	return use_vmalloc();
}

/* 24 to 30 */
ROW(PAGE_ALIGN)
{
	CHECK(PAGE_ALIGN(0UL) == 0 && PAGE_ALIGN(1UL) == PAGE_SIZE);
	CHECK(PAGE_ALIGN(PAGE_SIZE) == PAGE_SIZE && PAGE_ALIGN(PAGE_SIZE + 1) == 2 * PAGE_SIZE);
	return 0;
}
ROW(alloc_page)
{
	struct page *page = alloc_page(GFP_KERNEL);

	CHECK(page && page_count(page) == 1);
	memset(page_address(page), 5, PAGE_SIZE);
	__free_page(page);
	return 0;
}
#define use___free_page	use_alloc_page
ROW(page_address)
{
	struct page *page = alloc_page(GFP_KERNEL);

	CHECK(page && virt_to_page(page_address(page)) == page);
	__free_page(page);
	return 0;
}
#define use_virt_to_page	use_page_address
ROW(__get_free_page)
{
	unsigned long p = __get_free_page(GFP_KERNEL);

	CHECK(p && (p & ~PAGE_MASK) == 0);
	free_page(p);
	free_page(0);
	return 0;
}
#define use_free_page	use___get_free_page
ROW(kstrdup)
{
	char *p = kstrdup("driver", GFP_KERNEL);

	CHECK(p && !strcmp(p, "driver"));
	kfree(p);
	CHECK(!kstrdup(NULL, GFP_KERNEL));
	return 0;
}
ROW(virt_to_phys)
{
	char *p = kmalloc(64, GFP_KERNEL);

	CHECK(p && phys_to_virt(virt_to_phys(p)) == p && virt_to_phys(p) == __pa(p));
	kfree(p);
	return 0;
}
#define use_phys_to_virt	use_virt_to_phys

/* 32 to 45 */
ROW(dma_pool_create)
{
	struct dma_pool *pool = dma_pool_create("rings", dev, 64, 64, 0);
	dma_addr_t one, two;
	void *a, *b;

	CHECK(pool);
	a = dma_pool_alloc(pool, GFP_KERNEL, &one);
	b = dma_pool_alloc(pool, GFP_ATOMIC, &two);
	CHECK(a && b && a != b && one != two && one % 64 == 0);
	memset(a, 1, 64);
	dma_pool_free(pool, b, two);
	dma_pool_free(pool, a, one);
	dma_pool_destroy(pool);
	return 0;
}
#define use_dma_pool_alloc	use_dma_pool_create
#define use_dma_pool_free	use_dma_pool_create
#define use_dma_pool_destroy	use_dma_pool_create
ROW(kmem_cache_create)
{
	struct kmem_cache *cache = cache_create("field", 100);
	char *a, *b;

	CHECK(cache && kmem_cache_size(cache) == 100);
	a = kmem_cache_alloc(cache, GFP_KERNEL);
	b = kmem_cache_alloc(cache, GFP_ATOMIC);
	CHECK(a && b && a != b);
	memset(a, 1, 100);
	memset(b, 2, 100);
	CHECK(all_are(a, 1, 100));
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	kmem_cache_destroy(cache);
	return 0;
}
#define use_kmem_cache_free	use_kmem_cache_create
#define use_kmem_cache_destroy	use_kmem_cache_create
ROW(per_cpu_ptr)
{
	int *counts = alloc_percpu(int);
	int cpu, sum = 0;

	CHECK(counts);
	for_each_possible_cpu(cpu) {
		CHECK(*per_cpu_ptr(counts, cpu) == 0);
		*per_cpu_ptr(counts, cpu) = cpu + 1;
	}
	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(counts, cpu);
	CHECK(sum == NR_CPUS * (NR_CPUS + 1) / 2);
	free_percpu(counts);
	return 0;
}
#define use_free_percpu	use_per_cpu_ptr
ROW(offset_in_page)
{
	CHECK(offset_in_page(0x1234UL) == 0x234 && offset_in_page((char *)0x5000) == 0);
	return 0;
}
ROW(get_order)
{
	CHECK(get_order(1) == 0 && get_order(PAGE_SIZE) == 0);
	CHECK(get_order(PAGE_SIZE + 1) == 1 && get_order(5 * PAGE_SIZE) == 3);
	return 0;
}

/* 52 to 79 */
ROW(get_page)
{
	struct page *page = alloc_page(GFP_KERNEL);

	CHECK(page);
	get_page(page);
	CHECK(page_count(page) == 2);
	put_page(page);
	CHECK(page_count(page) == 1);
	put_page(page);
	return 0;
}
#define use_put_page	use_get_page
ROW(get_zeroed_page)
{
	unsigned long p = get_zeroed_page(GFP_KERNEL);

	CHECK(p && all_are((void *)p, 0, PAGE_SIZE));
	free_page(p);
	return 0;
}
ROW(__get_free_pages)
{
	unsigned long p = __get_free_pages(GFP_KERNEL, 3);

	CHECK(p && __pa(p) % (8 * PAGE_SIZE) == 0);
	memset((void *)p, 9, 8 * PAGE_SIZE);
	free_pages(p, 3);
	return 0;
}
#define use_free_pages	use___get_free_pages
ROW(__free_pages)
{
	struct page *pages = alloc_pages(GFP_KERNEL, 2);

	CHECK(pages);
	__free_pages(pages, 2);
	return 0;
}
ROW(kmap_atomic)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *p;

	CHECK(page);
	p = map_atomic(page);
	CHECK(p);
	memset(p, 4, PAGE_SIZE);
	unmap_atomic(p);
	p = map_atomic(page);
	CHECK(all_are(p, 4, PAGE_SIZE));
	unmap_atomic(p);
	__free_page(page);
	return 0;
}
#define use_kunmap_atomic	use_kmap_atomic
ROW(mempool_alloc)
{
	struct kmem_cache *cache = cache_create("field_pool", 32);
	mempool_t *pool;
	void *a;

	CHECK(cache);
	pool = mempool_create(2, mempool_alloc_slab, mempool_free_slab, cache);
	CHECK(pool);
	a = mempool_alloc(pool, GFP_KERNEL);
	CHECK(a);
	mempool_free(a, pool);
	mempool_destroy(pool);
	kmem_cache_destroy(cache);
	return 0;
}
#define use_mempool_free	use_mempool_alloc
ROW(page_to_phys)
{
	struct page *page = alloc_page(GFP_KERNEL);

	CHECK(page && page_to_phys(page) == virt_to_phys(page_address(page)));
	CHECK(page_to_phys(page) >> PAGE_SHIFT == page_to_pfn(page));
	__free_page(page);
	return 0;
}
ROW(pci_iomap)
{
	void __iomem *regs = pci_iomap(pdev, 0, 0);

	CHECK(regs);
	iowrite32(0xabcd, regs + 8);
	CHECK(ioread32(regs + 8) == 0xabcd);
	pci_iounmap(pdev, regs);
	return 0;
}
#define use_pci_iounmap	use_pci_iomap

/* a file, for what copies to and from users; what went wrong there */
static char said[16];
static size_t said_bytes;
static int file_read_line = __LINE__, file_write_line = __LINE__;

ROW(simple_read_from_buffer)
{
	return file_read_line;
}

static ssize_t field_read(struct file *file, char __user *buf, size_t n, loff_t *at)
{
	ssize_t got = simple_read_from_buffer(buf, n, at, said, said_bytes);

	if (got > 0)
		file_read_line = *at == got ? 0 : __LINE__;
	return got;
}

static ssize_t field_write(struct file *file, const char __user *buf, size_t n, loff_t *at)
{
#if MODERN
	char *copy;

	if (n > sizeof(said))
		return -EINVAL;
	copy = memdup_user(buf, n);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	memcpy(said, copy, n);
	kfree(copy);
#else
	if (n > sizeof(said) || copy_from_user(said, buf, n))
		return -EFAULT;
#endif
	file_write_line = 0;
	said_bytes = n;
	return n;
}

static struct file_operations field_fops = { .owner = THIS_MODULE, .read = field_read, .write = field_write };
static struct miscdevice field_misc = { .minor = MISC_DYNAMIC_MINOR, .name = "field", .fops = &field_fops };

#if MODERN
static struct platform_device *platform;

ROW(devm_kzalloc)
{
	char *p = devm_kzalloc(dev, 300, GFP_KERNEL);

	CHECK(p && all_are(p, 0, 300));
	return 0;
}
ROW(devm_platform_ioremap_resource)
{
	void __iomem *regs = devm_platform_ioremap_resource(platform, 0);

	CHECK(!IS_ERR(regs));
	writel(1, regs);
	CHECK(readl(regs) == 1);
	devm_iounmap(dev, regs);
	devm_release_mem_region(dev, platform_get_resource(platform, IORESOURCE_MEM, 0)->start, 4096);
	CHECK(PTR_ERR(devm_platform_ioremap_resource(platform, 5)) == -EINVAL);
	return 0;
}
ROW(devm_platform_ioremap_resource_byname)
{
	CHECK(PTR_ERR(devm_platform_ioremap_resource_byname(platform, "none")) == -EINVAL);
	return 0;
}
ROW(devm_ioremap_resource)
{
	struct resource *res = platform_get_resource(platform, IORESOURCE_MEM, 0);
	void __iomem *regs = devm_ioremap_resource(dev, res);

	CHECK(!IS_ERR(regs));
	CHECK(PTR_ERR(devm_ioremap_resource(dev, res)) == -EBUSY);
	devm_iounmap(dev, regs);
	devm_release_mem_region(dev, res->start, resource_size(res));
	CHECK(PTR_ERR(devm_ioremap_resource(dev, NULL)) == -EINVAL);
	return 0;
}
ROW(devm_ioremap)
{
	void __iomem *regs = devm_ioremap(dev, window, 16);

	CHECK(regs);
	return 0;
}
ROW(of_iomap)
{
	void __iomem *regs = of_iomap(dev->of_node, 0);

	CHECK(regs);
	iounmap(regs);
	CHECK(!of_iomap(dev->of_node, 9));
	return 0;
}
ROW(devm_kcalloc)
{
	long *p = devm_kcalloc(dev, 20, sizeof(*p), GFP_KERNEL);

	CHECK(p && all_are(p, 0, 20 * sizeof(*p)));
	CHECK(!devm_kcalloc(dev, SIZE_MAX / 2, 8, GFP_KERNEL));
	return 0;
}
ROW(struct_size)
{
	struct list {
		int n;
		u32 item[];
	} *p;
	size_t n = SIZE_MAX;

	OPTIMIZER_HIDE_VAR(n);
	CHECK(struct_size(p, item, 10) == sizeof(*p) + 40);
	CHECK(struct_size(p, item, n) == SIZE_MAX);
	p = kzalloc(struct_size(p, item, 10), GFP_KERNEL);
	CHECK(p);
	p->item[9] = 1;
	kfree(p);
	return 0;
}
ROW(kmemdup)
{
	char *p = kmemdup("abc", 4, GFP_KERNEL);

	CHECK(p && !memcmp(p, "abc", 4));
	kfree(p);
	return 0;
}
ROW(kmalloc_array)
{
	int *p = kmalloc_array(30, sizeof(*p), GFP_KERNEL);

	CHECK(p);
	p[29] = 1;
	kfree(p);
	CHECK(!kmalloc_array(SIZE_MAX, 2, GFP_KERNEL));
	return 0;
}
ROW(kvmalloc)
{
	size_t size = KMALLOC_MAX_SIZE + 1;	/* more than kmalloc can give */
	char *small = kvmalloc(100, GFP_KERNEL), *large = kvmalloc(size, GFP_KERNEL);

	CHECK(small && !is_vmalloc_addr(small));
	CHECK(large && is_vmalloc_addr(large));
	large[size - 1] = 1;
	kvfree(large);
	kvfree(small);
	kvfree(NULL);
	return 0;
}
#define use_kvfree	use_kvmalloc
ROW(kvzalloc)
{
	char *p = kvzalloc(20000, GFP_KERNEL);

	CHECK(p && all_are(p, 0, 20000));
	kvfree(p);
	return 0;
}
ROW(kvcalloc)
{
	u64 *p = kvcalloc(3000, sizeof(*p), GFP_KERNEL);

	CHECK(p && all_are(p, 0, 3000 * sizeof(*p)));
	kvfree(p);
	CHECK(!kvcalloc(SIZE_MAX, 8, GFP_KERNEL));
	return 0;
}
ROW(kvmalloc_array)
{
	u64 *p = kvmalloc_array(1000, sizeof(*p), GFP_KERNEL);

	CHECK(p);
	p[999] = 1;
	kvfree(p);
	CHECK(!kvmalloc_array(SIZE_MAX, 8, GFP_KERNEL));
	return 0;
}
ROW(kasprintf)
{
	char *p = kasprintf(GFP_KERNEL, "%s-%d", "uart", 7);

	CHECK(p && !strcmp(p, "uart-7"));
	kfree(p);
	return 0;
}
ROW(devm_kasprintf)
{
	char *p = devm_kasprintf(dev, GFP_KERNEL, "%s.%02x", dev_name(dev), 10);

	CHECK(p && !strcmp(p, "gadget0.0a"));
	return 0;
}
ROW(vzalloc)
{
	char *p = vzalloc(10000);

	CHECK(p && all_are(p, 0, 10000));
	vfree(p);
	return 0;
}
ROW(devm_kfree)
{
	void *p = devm_kmalloc(dev, 10, GFP_KERNEL);

	CHECK(p);
	devm_kfree(dev, p);
	return 0;
}
ROW(devm_kmalloc)
{
	char *p = devm_kmalloc(dev, 77, GFP_KERNEL);

	CHECK(p);
	p[76] = 1;
	return 0;
}
ROW(devm_kmalloc_array)
{
	short *p = devm_kmalloc_array(dev, 10, sizeof(*p), GFP_KERNEL);

	CHECK(p);
	p[9] = 1;
	return 0;
}
ROW(devm_kmemdup)
{
	char *p = devm_kmemdup(dev, "xyz", 4, GFP_KERNEL);

	CHECK(p && !strcmp(p, "xyz"));
	return 0;
}
ROW(bitmap_zalloc)
{
	unsigned long *map = bitmap_zalloc(100, GFP_KERNEL);

	CHECK(map && bitmap_empty(map, 100));
	set_bit(99, map);
	CHECK(bitmap_weight(map, 100) == 1);
	bitmap_free(map);
	return 0;
}
#define use_bitmap_free	use_bitmap_zalloc
ROW(array_size)
{
	CHECK(array_size(3, 4) == 12 && array_size(SIZE_MAX, 2) == SIZE_MAX);
	return 0;
}

struct rcu_thing {
	int value;
	struct rcu_head rcu;
};

ROW(kfree_rcu)
{
	struct rcu_thing *p = kmalloc(sizeof(*p), GFP_KERNEL);

	CHECK(p);
	kfree_rcu(p, rcu);
	rcu_barrier();
	return 0;
}

static int released;

static void release_thing(struct device *of, void *res)
{
	released += *(int *)res;
}

ROW(devres_alloc)
{
	int *res = devres_alloc(release_thing, sizeof(*res), GFP_KERNEL);

	CHECK(res);
	*res = 5;
	devres_add(dev, res);
	CHECK(devres_find(dev, release_thing, NULL, NULL) == res);
	CHECK(devres_release(dev, release_thing, NULL, NULL) == 0 && released == 5);
	res = devres_alloc(release_thing, sizeof(*res), GFP_KERNEL);
	CHECK(res);
	devres_free(res);
	return 0;
}
ROW(dmam_alloc_coherent)
{
	dma_addr_t at = 0;
	void *p = dmam_alloc_coherent(dev, 5000, &at, GFP_KERNEL);

	CHECK(p && at);
	return 0;
}
ROW(krealloc)
{
	char *p = kmalloc(10, GFP_KERNEL);

	CHECK(p);
	memset(p, 8, 10);
	p = krealloc(p, 5000, GFP_KERNEL);
	CHECK(p && all_are(p, 8, 10));
	p[4999] = 1;
	kfree(p);
	return 0;
}
static DEFINE_PER_CPU(int, visits);
ROW(this_cpu_ptr)
{
	int __percpu *counts = alloc_percpu(int);

	CHECK(counts);
	preempt_disable();
	++*this_cpu_ptr(counts);
	++*this_cpu_ptr(&visits);
	preempt_enable();
	CHECK(*per_cpu_ptr(counts, 0) == 1 && per_cpu(visits, 0) == 1);
	free_percpu(counts);
	return 0;
}
ROW(memdup_user)
{
	return file_write_line;
}
ROW(kzalloc_node)
{
	char *p = kzalloc_node(64, GFP_KERNEL, NUMA_NO_NODE), *q = kzalloc_node(64, GFP_KERNEL, 0);

	CHECK(p && q && all_are(p, 0, 64));
	kfree(p);
	kfree(q);
	return 0;
}
ROW(dma_pool_zalloc)
{
	struct dma_pool *pool = dma_pool_create("zeroed", dev, 128, 16, 4096);
	dma_addr_t at;
	char *p;

	CHECK(pool);
	p = dma_pool_zalloc(pool, GFP_KERNEL, &at);
	CHECK(p && all_are(p, 0, 128));
	dma_pool_free(pool, p, at);
	dma_pool_destroy(pool);
	return 0;
}
ROW(ioremap_wc)
{
	void __iomem *frame = ioremap_wc(window, 4096);

	CHECK(frame);
	writel(3, frame + 4092);
	CHECK(readl(frame + 4092) == 3);
	iounmap(frame);
	return 0;
}
ROW(pcim_iomap_table)
{
	void __iomem *const *table;

	CHECK(pcim_iomap_regions(pdev, 1, "field") == 0);
	table = pcim_iomap_table(pdev);
	CHECK(table && table[0] && !table[1]);
	pcim_iounmap_regions(pdev, 1);
	return 0;
}
#endif

#define R(name)	{ #name, use_##name }
static const struct {
	const char *name;
	int (*use)(void);
} rows[] = {
	R(kfree), R(kzalloc), R(kmalloc), R(kcalloc), R(iounmap), R(dma_free_coherent), R(dma_alloc_coherent),
	R(ioremap), R(vfree), R(PAGE_ALIGN), R(page_address), R(vmalloc), R(free_page), R(kstrdup),
	R(simple_read_from_buffer), R(virt_to_phys), R(pci_iounmap), R(dma_pool_free), R(pci_iomap),
	R(kmem_cache_destroy), R(per_cpu_ptr), R(offset_in_page), R(get_order), R(alloc_page), R(virt_to_page),
	R(kmem_cache_free), R(__free_page), R(dma_pool_create), R(dma_pool_destroy), R(put_page),
	R(get_zeroed_page), R(free_percpu), R(free_pages), R(kmem_cache_create), R(__get_free_page),
	R(dma_pool_alloc), R(__get_free_pages), R(kunmap_atomic), R(mempool_free), R(mempool_alloc),
	R(kmap_atomic), R(get_page), R(__free_pages), R(page_to_phys), R(phys_to_virt),
#if MODERN
	R(devm_kzalloc), R(devm_platform_ioremap_resource), R(devm_kcalloc), R(devm_ioremap_resource),
	R(struct_size), R(kmemdup), R(kmalloc_array), R(of_iomap), R(kvfree), R(devm_ioremap), R(kasprintf),
	R(devm_kasprintf), R(vzalloc), R(devm_kfree), R(kvzalloc), R(devm_platform_ioremap_resource_byname),
	R(bitmap_free), R(pcim_iomap_table), R(bitmap_zalloc), R(array_size), R(kfree_rcu), R(devm_kmalloc),
	R(devres_alloc), R(dmam_alloc_coherent), R(devm_kmemdup), R(krealloc), R(this_cpu_ptr), R(memdup_user),
	R(kzalloc_node), R(dma_pool_zalloc), R(kvcalloc), R(kvmalloc), R(ioremap_wc), R(kvmalloc_array),
	R(devm_kmalloc_array),
#endif
};

static void use_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		int line = rows[i].use();

		if (line)
			printk("%s: line %d\n", rows[i].name, line);
		else
			printk("%s: ok\n", rows[i].name);
	}
}

static int card_probe(struct pci_dev *found, const struct pci_device_id *id)
{
	int err;

#if MODERN
	err = pcim_enable_device(found);
#else
	err = pci_enable_device(found);
#endif
	if (!err)
		pdev = found;
	return err;
}

static void card_remove(struct pci_dev *found)
{
	/* the last chance with all devices there */
	use_all();
	pdev = NULL;
#if !MODERN
	pci_disable_device(found);
#endif
}

static struct pci_device_id card_ids[] = { { PCI_DEVICE(0x1b36, 0x0010) }, { 0, } };
static struct pci_driver card_driver = {
	.name = "field_card", .id_table = card_ids, .probe = card_probe, .remove = card_remove,
};

#if MODERN
static int gadget_probe(struct platform_device *found)
{
	platform = found;
	dev = &found->dev;
	window = platform_get_resource(found, IORESOURCE_MEM, 0)->start;
	return 0;
}

static const struct of_device_id gadget_match[] = { { .compatible = "acme,field" }, { } };
static struct platform_driver gadget_driver = {
	.probe = gadget_probe, .driver = { .name = "field_gadget", .of_match_table = gadget_match },
};
#endif

static int __init field_init(void)
{
	int err = misc_register(&field_misc);

	if (err)
		return err;
#if MODERN
	err = platform_driver_register(&gadget_driver);
	if (err)
		return err;
#endif
	return pci_register_driver(&card_driver);
}

static void __exit field_exit(void)
{
	pci_unregister_driver(&card_driver);
#if MODERN
	platform_driver_unregister(&gadget_driver);
#endif
	misc_deregister(&field_misc);
}

module_init(field_init);
module_exit(field_exit);
MODULE_LICENSE("Dual MIT/GPL");
