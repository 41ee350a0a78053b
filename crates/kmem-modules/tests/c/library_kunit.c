// SPDX-License-Identifier: MIT OR Apache-2.0
/* The library's headers by what they must do: values known from elsewhere, and structures against plain arrays. */
#include <kunit/test.h>
#include <linux/average.h>
#include <linux/bcd.h>
#include <linux/bit_spinlock.h>
#include <linux/bitfield.h>
#include <linux/bitrev.h>
#include <linux/circ_buf.h>
#include <linux/crc16.h>
#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/crc7.h>
#include <linux/crc8.h>
#include <linux/crc-ccitt.h>
#include <linux/crc-itu-t.h>
#include <linux/glob.h>
#include <linux/idr.h>
#include <linux/jhash.h>
#include <linux/jump_label.h>
#include <linux/llist.h>
#include <linux/local_lock.h>
#include <linux/module.h>
#include <linux/once.h>
#include <linux/overflow.h>
#include <linux/plist.h>
#include <linux/prandom.h>
#include <linux/prime_numbers.h>
#include <linux/radix-tree.h>
#include <linux/rbtree_augmented.h>
#include <linux/reciprocal_div.h>
#include <linux/slab.h>
#include <linux/stacktrace.h>
#include <linux/string_helpers.h>
#include <linux/timerqueue.h>
#include <linux/tracepoint.h>
#include <linux/uuid.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

static const char check[] = "123456789";	/* what checksums are compared by */

static void checksums(struct kunit *test)
{
	const u8 *p = (const u8 *)check;
	DECLARE_CRC8_TABLE(table);

	KUNIT_EXPECT_EQ(test, ~crc32_le(~0, p, 9), 0xcbf43926u);
	KUNIT_EXPECT_EQ(test, ~crc32_be(~0, p, 9), 0xfc891918u);
	KUNIT_EXPECT_EQ(test, ~crc32c(~0, p, 9), 0xe3069283u);
	KUNIT_EXPECT_EQ(test, crc16(0, p, 9), 0xbb3d);
	KUNIT_EXPECT_EQ(test, crc_itu_t(0xffff, p, 9), 0x29b1);
	KUNIT_EXPECT_EQ(test, crc_ccitt(0, p, 9), 0x2189);
	KUNIT_EXPECT_EQ(test, crc7_be(0, p, 9) >> 1, 0x75);
	crc8_populate_msb(table, 0x07);
	KUNIT_EXPECT_EQ(test, crc8(table, p, 9, 0), 0xf4);
	crc8_populate_lsb(table, 0x8c);
	KUNIT_EXPECT_EQ(test, crc8(table, p, 9, 0), 0xa1);
}

/* lookup3.c prints these of itself */
static void hashes(struct kunit *test)
{
	const char *text = "Four score and seven years ago";

	KUNIT_EXPECT_EQ(test, jhash("", 0, 0), 0xdeadbeefu);
	KUNIT_EXPECT_EQ(test, jhash("", 0, 0xdeadbeef), 0xbd5b7ddeu);
	KUNIT_EXPECT_EQ(test, jhash(text, 30, 0), 0x17770551u);
	KUNIT_EXPECT_EQ(test, jhash(text, 30, 1), 0xcd628161u);
	KUNIT_EXPECT_EQ(test, jhash2((const u32 *)text, 7, 5), jhash(text, 28, 5));
	KUNIT_EXPECT_EQ(test, jhash_3words(1, 2, 3, 4), jhash2((const u32[]){ 1, 2, 3 }, 3, 4));
}

static void bits(struct kunit *test)
{
	u32 word = 0xabcd1234;

	KUNIT_EXPECT_EQ(test, FIELD_GET(GENMASK(15, 8), word), 0x12);
	KUNIT_EXPECT_EQ(test, FIELD_PREP(GENMASK(15, 8), 0x56), 0x5600);
	FIELD_MODIFY(GENMASK(31, 24), &word, 0x11);
	KUNIT_EXPECT_EQ(test, word, 0x11cd1234u);
	KUNIT_EXPECT_TRUE(test, FIELD_FIT(0xf0, 15));
	KUNIT_EXPECT_FALSE(test, FIELD_FIT(0xf0, 16));
	KUNIT_EXPECT_EQ(test, be16_get_bits(cpu_to_be16(0x1234), 0x0ff0), 0x23);
	KUNIT_EXPECT_EQ(test, u32_replace_bits(0xffff, 5, 0xf0), 0xff5fu);
	KUNIT_EXPECT_EQ(test, bitrev32(0x00000001), 0x80000000u);
	KUNIT_EXPECT_EQ(test, bitrev8(0x13), 0xc8);
	KUNIT_EXPECT_EQ(test, bcd2bin(0x47), 47);
	KUNIT_EXPECT_EQ(test, bin2bcd(47), 0x47);
}

static void arithmetic(struct kunit *test)
{
	u8 small;
	int calls = 0, *p = &calls;

	KUNIT_EXPECT_TRUE(test, check_add_overflow(200, 100, &small));
	KUNIT_EXPECT_TRUE(test, check_shl_overflow(1, 8, &small));
	KUNIT_EXPECT_FALSE(test, check_shl_overflow(1, 7, &small));
	KUNIT_EXPECT_TRUE(test, overflows_type(256, u8));
	KUNIT_EXPECT_FALSE(test, overflows_type(-128, s8));
	KUNIT_EXPECT_EQ(test, wrapping_assign_add(*(p++), 3), 3);
	KUNIT_EXPECT_PTR_EQ(test, p, &calls + 1);
	KUNIT_EXPECT_EQ(test, array_size(SIZE_MAX, 2), SIZE_MAX);
	KUNIT_EXPECT_EQ(test, CIRC_CNT(3, 14, 16), 5);
	KUNIT_EXPECT_EQ(test, CIRC_SPACE(3, 14, 16), 10);
	KUNIT_EXPECT_EQ(test, CIRC_CNT_TO_END(3, 14, 16), 2);
	KUNIT_EXPECT_EQ(test, CIRC_SPACE_TO_END(3, 0, 16), 12);
	KUNIT_EXPECT_TRUE(test, is_prime_number(65537));
	KUNIT_EXPECT_FALSE(test, is_prime_number(65539UL * 3));
	KUNIT_EXPECT_EQ(test, next_prime_number(89), 97);
	KUNIT_EXPECT_EQ(test, next_prime_number(0), 2);
}

static void texts(struct kunit *test)
{
	char buf[24];
	uuid_t uuid;
	guid_t guid;

	KUNIT_EXPECT_TRUE(test, glob_match("*.[ch]", "mm/slub.c"));
	KUNIT_EXPECT_FALSE(test, glob_match("*.[!ch]", "mm/slub.c"));
	KUNIT_EXPECT_TRUE(test, glob_match("a*b*c", "a1b2b3c"));
	KUNIT_EXPECT_FALSE(test, glob_match("a?c", "ac"));
	KUNIT_EXPECT_TRUE(test, glob_match("\\*", "*"));
	string_get_size(8192, 4096, STRING_UNITS_2, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "32.0 MiB");
	string_get_size(1100, 1, STRING_UNITS_10, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "1.10 kB");
	string_get_size(9999, 1, STRING_UNITS_10, buf, sizeof(buf));
	KUNIT_EXPECT_STREQ(test, buf, "10.00 kB");
	KUNIT_EXPECT_EQ(test, uuid_parse("01234567-89ab-cdef-0123-456789abcdef", &uuid), 0);
	KUNIT_EXPECT_EQ(test, uuid.b[0], 0x01);
	KUNIT_EXPECT_EQ(test, guid_parse("01234567-89ab-cdef-0123-456789abcdef", &guid), 0);
	KUNIT_EXPECT_EQ(test, guid.b[0], 0x67);
	KUNIT_EXPECT_EQ(test, uuid_parse("01234567-89ab-cdef-0123-456789abcdeg", &uuid), -EINVAL);
	uuid_gen(&uuid);
	KUNIT_EXPECT_EQ(test, uuid.b[6] >> 4, 4);
	KUNIT_EXPECT_EQ(test, uuid.b[8] >> 6, 2);
}

/* there and back; what does not fit is counted */
static void escapes(struct kunit *test)
{
	char plain[] = "a\tb\"\001\\", text[24], back[24];
	int n = string_escape_mem(plain, 6, text, sizeof(text) - 1, ESCAPE_ANY, NULL);

	KUNIT_ASSERT_EQ(test, n, 18);
	KUNIT_EXPECT_EQ(test, string_escape_mem(plain, 6, NULL, 0, ESCAPE_ANY, NULL), 18);
	n = string_escape_mem(plain, 6, text, sizeof(text) - 1, ESCAPE_ANY_NP, NULL);
	text[n] = 0;
	KUNIT_EXPECT_STREQ(test, text, "a\\tb\"\\001\\");
	n = string_escape_mem(plain, 6, text, sizeof(text) - 1, ESCAPE_HEX, "ab");
	text[n] = 0;
	KUNIT_EXPECT_STREQ(test, text, "\\x61\t\\x62\"\001\\");
	n = string_escape_mem(plain, 6, text, sizeof(text) - 1, ESCAPE_HEX | ESCAPE_NP | ESCAPE_APPEND, "b");
	text[n] = 0;
	KUNIT_EXPECT_STREQ(test, text, "a\\x09\\x62\"\\x01\\");
	strscpy(text, "\\x41\\102\\n\\q\\\"", sizeof(text));
	KUNIT_EXPECT_EQ(test, string_unescape_any(text, back, sizeof(back)), 6);
	KUNIT_EXPECT_STREQ(test, back, "AB\n\\q\"");
	KUNIT_EXPECT_EQ(test, string_unescape(text, back, 3, UNESCAPE_HEX), 2);
}

/* one name, two forms */
static void resizing(struct kunit *test)
{
	char *p = kvmalloc(100, GFP_KERNEL);
	struct pair { int a, b; } *pair;

	memset(p, 5, 100);
	p = kvrealloc(p, 50000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, p[99], 5);
	p = kvrealloc(p, 50000, 70000, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, p[99], 5);
	kvfree(p);
	pair = kzalloc_objs(*pair, 3);
	KUNIT_ASSERT_NOT_NULL(test, pair);
	KUNIT_EXPECT_EQ(test, pair[2].b, 0);
	kfree(pair);
	pair = kmalloc_obj(struct pair, GFP_ATOMIC);
	KUNIT_EXPECT_NOT_NULL(test, pair);
	kfree(pair);
}

/* a char's sign is the machine's */
static void signs(struct kunit *test)
{
	char c = (char)0xff;
	u32 seven = 7;
	struct reciprocal_value by = reciprocal_value(seven);

#if defined(CONFIG_X86) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	KUNIT_EXPECT_EQ(test, (int)c, -1);
#else
	KUNIT_EXPECT_EQ(test, (int)c, 255);
#endif
	KUNIT_EXPECT_EQ(test, reciprocal_divide(100, by), 14);
	KUNIT_EXPECT_EQ(test, reciprocal_divide(0xffffffff, by), 0xffffffff / seven);
	KUNIT_EXPECT_EQ(test, reciprocal_divide(12345, reciprocal_value(1)), 12345);
}

/* near each other, in both directions */
static void moves(struct kunit *test)
{
	unsigned char p[40], q[40];
	int from, to, n, i, wrong = 0;

	for (from = 0; from < 9; from++)
		for (to = 0; to < 9; to++)
			for (n = 0; n < 30; n++) {
				for (i = 0; i < 40; i++)
					p[i] = q[i] = i;
				memmove(p + to, p + from, n);
				for (i = 0; i < n; i++)
					q[to + i] = from + i;
				wrong += memcmp(p, q, 40) != 0;
			}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_LT(test, memcmp("abcd1", "abcd2", 5), 0);
	KUNIT_EXPECT_GT(test, memcmp("abcd\xff", "abcd\x01", 5), 0);
}

/* a tree of numbers whose nodes know the largest one below */

struct item {
	struct rb_node node;
	u32 key, max;
};

#define item_of(rb)	rb_entry(rb, struct item, node)
#define own_key(item)	((item)->key)
RB_DECLARE_CALLBACKS_MAX(static, item_callbacks, struct item, node, u32, max, own_key)

static void add_item(struct item *new, struct rb_root *root)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		item_of(parent)->max = max(item_of(parent)->max, new->key);
		link = new->key < item_of(parent)->key ? &parent->rb_left : &parent->rb_right;
	}
	new->max = new->key;
	rb_link_node(&new->node, parent, link);
	rb_insert_augmented(&new->node, root, &item_callbacks);
}

/* the number of black nodes on each way down; -1 if a rule is broken */
static int black_height(struct rb_node *node)
{
	int left, right;
	u32 most;

	if (!node)
		return 1;
	left = black_height(node->rb_left);
	right = black_height(node->rb_right);
	most = item_of(node)->key;
	if (node->rb_left)
		most = max(most, item_of(node->rb_left)->max);
	if (node->rb_right)
		most = max(most, item_of(node->rb_right)->max);
	if (left != right || left < 0 || most != item_of(node)->max)
		return -1;
	if (rb_is_red(node) && ((node->rb_left && rb_is_red(node->rb_left)) ||
				(node->rb_right && rb_is_red(node->rb_right))))
		return -1;
	return left + rb_is_black(node);
}

static void trees(struct kunit *test)
{
	enum { N = 200 };
	struct item *items = kunit_kcalloc(test, N, sizeof(*items), GFP_KERNEL);
	struct rb_root root = RB_ROOT;
	struct rb_node *rb;
	struct rnd_state rnd;
	unsigned int i, seen;

	KUNIT_ASSERT_NOT_NULL(test, items);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < N; i++) {
		items[i].key = prandom_u32_state(&rnd) % 1000;
		add_item(&items[i], &root);
		KUNIT_ASSERT_GT(test, black_height(root.rb_node), 0);
		KUNIT_ASSERT_TRUE(test, rb_is_black(root.rb_node));
	}
	for (rb = rb_first(&root), seen = 0; rb; rb = rb_next(rb), seen++)
		if (rb_next(rb))
			KUNIT_ASSERT_LE(test, item_of(rb)->key, item_of(rb_next(rb))->key);
	KUNIT_EXPECT_EQ(test, seen, N);
	for (rb = rb_last(&root), seen = 0; rb; rb = rb_prev(rb))
		seen++;
	KUNIT_EXPECT_EQ(test, seen, N);
	for (rb = rb_first_postorder(&root), seen = 0; rb; rb = rb_next_postorder(rb))
		seen++;
	KUNIT_EXPECT_EQ(test, seen, N);
	/* in another order than they came */
	for (i = 0; i < N; i++) {
		rb_erase_augmented(&items[i * 37 % N].node, &root, &item_callbacks);
		KUNIT_ASSERT_GT(test, black_height(root.rb_node), 0);
	}
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&root));
}

static void arrays(struct kunit *test)
{
	DEFINE_XARRAY_ALLOC1(xa);
	unsigned long index;
	u32 id, next = 0;
	void *entry;
	int n = 0;

	KUNIT_EXPECT_NULL(test, xa_store(&xa, 1UL << 31, xa_mk_value(7), GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, xa_to_value(xa_load(&xa, 1UL << 31)), 7);
	KUNIT_EXPECT_EQ(test, xa_alloc(&xa, &id, &xa, xa_limit_32b, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, id, 1);
	KUNIT_EXPECT_EQ(test, xa_insert(&xa, 1, &xa, GFP_KERNEL), -EBUSY);
	KUNIT_EXPECT_EQ(test, xa_alloc_cyclic(&xa, &id, &xa, XA_LIMIT(2, 3), &next, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, xa_alloc_cyclic(&xa, &id, &xa, XA_LIMIT(2, 3), &next, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, id, 3);
	KUNIT_EXPECT_EQ(test, xa_alloc_cyclic(&xa, &id, &xa, XA_LIMIT(2, 3), &next, GFP_KERNEL), -EBUSY);
	xa_erase(&xa, 2);
	KUNIT_EXPECT_EQ(test, xa_alloc_cyclic(&xa, &id, &xa, XA_LIMIT(2, 3), &next, GFP_KERNEL), 1);
	xa_set_mark(&xa, 3, XA_MARK_1);
	xa_for_each(&xa, index, entry)
		n++;
	KUNIT_EXPECT_EQ(test, n, 4);
	index = 0;
	KUNIT_EXPECT_PTR_EQ(test, xa_find(&xa, &index, ULONG_MAX, XA_MARK_1), (void *)&xa);
	KUNIT_EXPECT_EQ(test, index, 3);
	KUNIT_EXPECT_PTR_EQ(test, xa_cmpxchg(&xa, 3, &n, &id, GFP_KERNEL), (void *)&xa);
	xa_destroy(&xa);
	KUNIT_EXPECT_TRUE(test, xa_empty(&xa));
}

static void numbers(struct kunit *test)
{
	DEFINE_IDR(idr);
	DEFINE_IDA(ida);
	RADIX_TREE(tree, GFP_KERNEL);
	void *found[4], *entry;
	int id, n = 0;

	KUNIT_EXPECT_EQ(test, idr_alloc(&idr, &idr, 5, 7, GFP_KERNEL), 5);
	KUNIT_EXPECT_EQ(test, idr_alloc(&idr, &ida, 5, 7, GFP_KERNEL), 6);
	KUNIT_EXPECT_EQ(test, idr_alloc(&idr, &ida, 5, 7, GFP_KERNEL), -ENOSPC);
	KUNIT_EXPECT_PTR_EQ(test, idr_remove(&idr, 5), (void *)&idr);
	KUNIT_EXPECT_NULL(test, idr_find(&idr, 5));
	KUNIT_EXPECT_EQ(test, idr_alloc_cyclic(&idr, &n, 0, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, idr_alloc_cyclic(&idr, &n, 0, 0, GFP_KERNEL), 1);
	idr_for_each_entry(&idr, entry, id)
		n++;
	KUNIT_EXPECT_EQ(test, n, 3);
	idr_destroy(&idr);
	KUNIT_EXPECT_EQ(test, ida_alloc(&ida, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, ida_alloc_min(&ida, 10, GFP_KERNEL), 10);
	KUNIT_EXPECT_EQ(test, ida_alloc_max(&ida, 0, GFP_KERNEL), -ENOSPC);
	ida_free(&ida, 0);
	KUNIT_EXPECT_EQ(test, ida_alloc(&ida, GFP_KERNEL), 0);
	ida_destroy(&ida);
	KUNIT_EXPECT_EQ(test, radix_tree_insert(&tree, 3, &idr), 0);
	KUNIT_EXPECT_EQ(test, radix_tree_insert(&tree, 3, &ida), -EEXIST);
	KUNIT_EXPECT_EQ(test, radix_tree_insert(&tree, 1000, &ida), 0);
	radix_tree_tag_set(&tree, 1000, 1);
	KUNIT_EXPECT_EQ(test, radix_tree_gang_lookup(&tree, found, 0, 4), 2);
	KUNIT_EXPECT_EQ(test, radix_tree_gang_lookup_tag(&tree, found, 0, 4, 1), 1);
	KUNIT_EXPECT_PTR_EQ(test, radix_tree_delete(&tree, 3), (void *)&idr);
	radix_tree_delete(&tree, 1000);
	KUNIT_EXPECT_TRUE(test, radix_tree_empty(&tree));
}

struct entry {
	struct llist_node lnode;
	struct plist_node pnode;
	struct timerqueue_node tnode;
	int value;
};

static void orders(struct kunit *test)
{
	struct entry entries[4] = { { .value = 0 }, { .value = 1 }, { .value = 2 }, { .value = 3 } }, *at;
	static const int prio[] = { 5, 1, 5, 0 }, expected[] = { 3, 1, 0, 2 };
	struct timerqueue_head queue;
	LLIST_HEAD(llist);
	PLIST_HEAD(plist);
	int i;

	timerqueue_init_head(&queue);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, llist_add(&entries[i].lnode, &llist), i == 0);
		plist_node_init(&entries[i].pnode, prio[i]);
		plist_add(&entries[i].pnode, &plist);
		timerqueue_init(&entries[i].tnode);
		entries[i].tnode.expires = prio[i];
		timerqueue_add(&queue, &entries[i].tnode);
	}
	i = 4;
	llist_for_each_entry(at, llist_del_all(&llist), lnode)
		KUNIT_EXPECT_EQ(test, at->value, --i);
	plist_for_each_entry(at, &plist, pnode)
		KUNIT_EXPECT_EQ(test, at->value, expected[i++]);
	for (i = 0; timerqueue_getnext(&queue); i++) {
		struct timerqueue_node *next = timerqueue_getnext(&queue);

		KUNIT_EXPECT_EQ(test, container_of(next, struct entry, tnode)->value, expected[i]);
		timerqueue_del(&queue, next);
	}
	KUNIT_EXPECT_EQ(test, i, 4);
}

DEFINE_STATIC_KEY_FALSE(key);
DECLARE_EWMA(mean, 4, 8)
DECLARE_TRACE(seen_nowhere, TP_PROTO(int value), TP_ARGS(value));

static noinline unsigned int here(unsigned long *entries)
{
	return stack_trace_save(entries, 8, 0);
}

static void switches(struct kunit *test)
{
	unsigned long entries[8], word = 0;
	struct ewma_mean mean;
	char name[64];
	int i;

	KUNIT_EXPECT_FALSE(test, static_branch_unlikely(&key));
	static_branch_enable(&key);
	KUNIT_EXPECT_TRUE(test, static_branch_unlikely(&key));
	static_branch_dec(&key);
	KUNIT_EXPECT_FALSE(test, static_branch_likely(&key));
	ewma_mean_init(&mean);
	for (i = 0; i < 100; i++)
		ewma_mean_add(&mean, 50);
	KUNIT_EXPECT_EQ(test, ewma_mean_read(&mean), 50);
	trace_seen_nowhere(1);
	bit_spin_lock(3, &word);
	KUNIT_EXPECT_EQ(test, word, 8);
	bit_spin_unlock(3, &word);
	KUNIT_ASSERT_GE(test, here(entries), 2);
	snprintf(name, sizeof(name), "%ps", (void *)entries[1]);
	KUNIT_EXPECT_STREQ(test, name, "switches [library_kunit]");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(checksums), KUNIT_CASE(hashes), KUNIT_CASE(bits), KUNIT_CASE(arithmetic), KUNIT_CASE(texts),
	KUNIT_CASE(trees), KUNIT_CASE(arrays), KUNIT_CASE(numbers), KUNIT_CASE(orders), KUNIT_CASE(switches),
	KUNIT_CASE(escapes), KUNIT_CASE(resizing), KUNIT_CASE(signs), KUNIT_CASE(moves), { }
};

static struct kunit_suite suite = { .name = "library", .test_cases = cases };
kunit_test_suite(suite);
MODULE_LICENSE("Dual MIT/GPL");
