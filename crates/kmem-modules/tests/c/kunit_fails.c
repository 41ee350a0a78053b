// SPDX-License-Identifier: MIT OR Apache-2.0
/* KUnit cases that fail, are skipped, end early and give back what they hold. */
#include <kunit/test.h>
#include <linux/module.h>

static void say(void *text)
{
	pr_info("%s\n", (char *)text);
}

static void expects(struct kunit *test)
{
	int three = 3;

	KUNIT_EXPECT_EQ_MSG(test, three, 4, "round %d", 7);
	pr_info("an expectation does not end a case\n");
}

static void asserts(struct kunit *test)
{
	KUNIT_ASSERT_NOT_NULL(test, kunit_kzalloc(test, 64, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, kunit_add_action(test, say, "first held, last given back"), 0);
	KUNIT_EXPECT_EQ(test, kunit_add_action(test, say, "last held, first given back"), 0);
	KUNIT_ASSERT_NULL(test, test);
	pr_info("never here\n");
}

static void skips(struct kunit *test)
{
	kunit_skip(test, "not on %s", "kmem");
}

static struct kunit_case cases[] = { KUNIT_CASE(expects), KUNIT_CASE(asserts), KUNIT_CASE(skips), { } };
static struct kunit_suite suite = { .name = "fails", .test_cases = cases };
kunit_test_suite(suite);
MODULE_LICENSE("Dual MIT/GPL");
