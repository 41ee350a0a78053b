// SPDX-License-Identifier: MIT OR Apache-2.0
/* The library's headers in 2.6: what they have in both eras, and the forms that only that one had. */
#include <linux/config.h>
#include <linux/crc32.h>
#include <linux/crc16.h>
#include <linux/idr.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/radix-tree.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

struct item {
	struct rb_node node;
	int key;
};

static struct item items[50];
static struct rb_root root = RB_ROOT;
static DEFINE_IDR(ids);
static RADIX_TREE(tree, GFP_KERNEL);

static void add(struct item *item)
{
	struct rb_node **link = &root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = item->key < rb_entry(parent, struct item, node)->key ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &root);
}

static int library_init(void)
{
	int i, id = -1, last = -1, n = 0;
	struct rb_node *rb;
	void *found[2];

	for (i = 0; i < 50; i++) {
		items[i].key = i * 37 % 50;
		add(&items[i]);
	}
	for (rb = rb_first(&root); rb; rb = rb_next(rb)) {
		n += rb_entry(rb, struct item, node)->key == last + 1;
		last++;
	}
	printk(KERN_INFO "tree: %d in order\n", n);
	for (i = 0; i < 50; i++)
		rb_erase(&items[i].node, &root);
	printk(KERN_INFO "tree: %s\n", root.rb_node ? "left over" : "empty");

	if (!idr_pre_get(&ids, GFP_KERNEL))
		return -ENOMEM;
	printk(KERN_INFO "idr: %d", idr_get_new_above(&ids, &ids, 7, &id));
	printk(" %d\n", id);
	printk(KERN_INFO "idr: %d\n", idr_find(&ids, 7) == &ids);
	idr_remove(&ids, 7);
	printk(KERN_INFO "idr: %d\n", idr_find(&ids, 7) == NULL);

	radix_tree_insert(&tree, 5, &ids);
	printk(KERN_INFO "radix: %d %u\n", radix_tree_insert(&tree, 5, &tree),
	       radix_tree_gang_lookup(&tree, found, 0, 2));
	radix_tree_delete(&tree, 5);

	printk(KERN_INFO "crc: %08x %04x\n", ~crc32_le(~0, (unsigned char *)"123456789", 9),
	       crc16(0, (unsigned char *)"123456789", 9));
	return 0;
}

static void library_exit(void)
{
	idr_destroy(&ids);
}

module_init(library_init);
module_exit(library_exit);
MODULE_LICENSE("Dual MIT/GPL");
