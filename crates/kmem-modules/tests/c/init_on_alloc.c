// SPDX-License-Identifier: MIT OR Apache-2.0
/* Whether memory that was dirty when it was freed comes back clean. */
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

static void ctor(void *object)
{
	memset(object, 0x5a, 100);
}

static int is_clean(void *p, size_t size)
{
	int clean = !memchr_inv(p, 0, size);

	memset(p, 0xff, size);
	return clean;
}

static int __init look(void)
{
	struct kmem_cache *plain = kmem_cache_create("plain", 100, 0, 0, NULL);
	struct kmem_cache *built = kmem_cache_create("built", 100, 0, 0, ctor);
	int i, clean[4] = { };
	u8 *object;

	for (i = 0; i < 2; i++) {
		void *p = kmalloc(100, GFP_KERNEL), *o = kmem_cache_alloc(plain, GFP_KERNEL), *v = vmalloc(8192);
		unsigned long page = __get_free_page(GFP_KERNEL);

		clean[0] = is_clean(p, 100);
		clean[1] = is_clean(o, 100);
		clean[2] = is_clean(v, 8192);
		clean[3] = is_clean((void *)page, PAGE_SIZE);
		kfree(p);
		kmem_cache_free(plain, o);
		vfree(v);
		free_page(page);
	}
	object = kmem_cache_alloc(built, GFP_KERNEL);
	pr_info("kmalloc %d object %d vmalloc %d page %d built %02x\n", clean[0], clean[1], clean[2], clean[3], object[0]);
	kmem_cache_free(built, object);
	kmem_cache_destroy(plain);
	kmem_cache_destroy(built);
	return 0;
}
module_init(look);
MODULE_LICENSE("Dual MIT/GPL");
