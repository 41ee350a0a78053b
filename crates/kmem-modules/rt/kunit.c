/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs test suites and tells their results as KTAP lines.
 *
 * A case is tried: what its init and its body throw ends them, then its exit runs, then what it holds is given back, the
 * newest first.  The indentation is KTAP's: four columns for what belongs to a suite, eight for a parameter of a case.
 */
#if KMEM_ERA >= 60
#include <kunit/test.h>
#include <linux/sched.h>
#include "rt.h"

int kmem_kunit_passed, kmem_kunit_failed, kmem_kunit_skipped;

struct stats {
	unsigned long passed, failed, skipped;
};

static void count(struct stats *stats, enum kunit_status status)
{
	if (status == KUNIT_SUCCESS)
		stats->passed++;
	else if (status == KUNIT_FAILURE)
		stats->failed++;
	else
		stats->skipped++;
}

static unsigned long total(const struct stats *stats)
{
	return stats->passed + stats->failed + stats->skipped;
}

/* one result is not worth a count */
static void print_stats(const char *indent, const char *name, const struct stats *stats)
{
	printk(KERN_INFO "%s# %s: pass:%lu fail:%lu skip:%lu total:%lu\n", indent, name,
	       stats->passed, stats->failed, stats->skipped, total(stats));
}

static void print_result(const char *indent, enum kunit_status status, unsigned int number,
			 const char *name, const char *comment)
{
	const char *skip = status == KUNIT_SKIPPED ? " # SKIP " : "";

	printk(KERN_INFO "%s%s %u %s%s%s\n", indent, kunit_status_to_ok_not_ok(status), number, name,
	       skip, status == KUNIT_SKIPPED ? comment : "");
}

/* a case */

struct trial {
	struct kunit *test;
	struct kunit_suite *suite;
	struct kunit_case *test_case;
};

static void run_body(void *context)
{
	struct trial *trial = context;
	int err = trial->suite->init ? trial->suite->init(trial->test) : 0;

	if (err) {
		kunit_err(trial->test, "failed to initialize: %d\n", err);
		kunit_set_failure(trial->test);
		return;
	}
	trial->test_case->run_case(trial->test);
}

static void run_end(void *context)
{
	struct trial *trial = context;

	if (trial->suite->exit)
		trial->suite->exit(trial->test);
}

static void run_cleanup(void *context)
{
	struct trial *trial = context;

	kunit_cleanup(trial->test);
}

static void thrown(void *context)
{
}

void kunit_init_test(struct kunit *test, const char *name, struct string_stream *log)
{
	test->name = name;
	test->log = log;
	test->status = KUNIT_SUCCESS;
	test->status_comment[0] = '\0';
	spin_lock_init(&test->lock);
	INIT_LIST_HEAD(&test->resources);
}

static void run_case(struct kunit_suite *suite, struct kunit_case *test_case, struct kunit *test)
{
	struct trial trial = { test, suite, test_case };
	struct kunit *outer = current->kunit_test;
	kunit_try_catch_func_t steps[] = { run_body, run_end, run_cleanup };
	unsigned int i;

	kunit_init_test(test, test_case->name, test_case->log);
	current->kunit_test = test;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		kunit_try_catch_init(&test->try_catch, test, steps[i], thrown);
		kunit_try_catch_run(&test->try_catch, &trial);
	}
	current->kunit_test = outer;
}

/* the worst of the parameters; skipped only if all are */
static void run_params(struct kunit_suite *suite, struct kunit_case *test_case, struct stats *all)
{
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	struct stats stats = { };
	const void *value = NULL;
	int index = 0;

	printk(KERN_INFO KUNIT_SUBSUBTEST_INDENT "KTAP version 1\n");
	printk(KERN_INFO KUNIT_SUBSUBTEST_INDENT "# Subtest: %s\n", test_case->name);
	test_case->status = KUNIT_SKIPPED;
	while ((value = test_case->generate_params(value, desc)) != NULL) {
		struct kunit test = { .param_value = value, .param_index = index };

		if (!desc[0])
			snprintf(desc, sizeof(desc), "param-%d", index);
		run_case(suite, test_case, &test);
		print_result(KUNIT_SUBSUBTEST_INDENT, test.status, ++index, desc, test.status_comment);
		count(&stats, test.status);
		desc[0] = '\0';
	}
	if (stats.failed)
		test_case->status = KUNIT_FAILURE;
	else if (stats.passed)
		test_case->status = KUNIT_SUCCESS;
	if (total(&stats) > 1)
		print_stats(KUNIT_SUBTEST_INDENT, test_case->name, &stats);
	all->passed += stats.passed;
	all->failed += stats.failed;
	all->skipped += stats.skipped;
}

static void print_speed(const struct kunit_case *test_case)
{
	static const char *const names[] = { "unset", "very_slow", "slow", "normal" };

	if (test_case->attr.speed != KUNIT_SPEED_UNSET && test_case->attr.speed != KUNIT_SPEED_NORMAL)
		printk(KERN_INFO KUNIT_SUBTEST_INDENT "# %s.speed: %s\n", test_case->name,
		       names[test_case->attr.speed]);
}

/* a suite */

static enum kunit_status run_cases(struct kunit_suite *suite)
{
	struct stats stats = { }, all = { };
	struct kunit_case *test_case;
	unsigned int number = 0;

	kunit_suite_for_each_test_case(suite, test_case) {
		char comment[KUNIT_STATUS_COMMENT_SIZE] = "";

		if (test_case->generate_params) {
			run_params(suite, test_case, &all);
		} else {
			struct kunit test = { };

			run_case(suite, test_case, &test);
			test_case->status = test.status;
			strscpy(comment, test.status_comment);
			count(&all, test.status);
		}
		print_speed(test_case);
		print_result(KUNIT_SUBTEST_INDENT, test_case->status, ++number, test_case->name, comment);
		count(&stats, test_case->status);
	}
	if (suite->suite_exit)
		suite->suite_exit(suite);
	if (total(&stats) > 1) {
		print_stats("", suite->name, &stats);
		printk(KERN_INFO "# Totals: pass:%lu fail:%lu skip:%lu total:%lu\n",
		       all.passed, all.failed, all.skipped, total(&all));
	}
	kmem_kunit_passed += stats.passed;
	kmem_kunit_failed += stats.failed;
	kmem_kunit_skipped += stats.skipped;
	if (stats.failed)
		return KUNIT_FAILURE;
	return stats.passed || !stats.skipped ? KUNIT_SUCCESS : KUNIT_SKIPPED;
}

static enum kunit_status run_suite(struct kunit_suite *suite, const char *module)
{
	struct kunit_case *test_case;
	unsigned int cases = 0;

	suite->suite_init_err = suite->suite_init ? suite->suite_init(suite) : 0;
	if (suite->suite_init_err) {
		kunit_err(suite, KUNIT_SUBTEST_INDENT "# failed to initialize (%d)", suite->suite_init_err);
		kmem_kunit_failed++;
		return KUNIT_FAILURE;
	}
	kunit_suite_for_each_test_case(suite, test_case)
		cases++;
	printk(KERN_INFO KUNIT_SUBTEST_INDENT "KTAP version 1\n");
	printk(KERN_INFO KUNIT_SUBTEST_INDENT "# Subtest: %s\n", suite->name);
#if LINUX_VERSION_CODE >= 0x060600
	printk(KERN_INFO KUNIT_SUBTEST_INDENT "# module: %s\n", module);
	if (suite->is_init)
		printk(KERN_INFO KUNIT_SUBTEST_INDENT "# is_init: true\n");
#endif
	printk(KERN_INFO KUNIT_SUBTEST_INDENT "1..%u\n", cases);
	return run_cases(suite);
}

static unsigned int run_suites(struct kunit_suite **suites, unsigned int n, bool is_init, unsigned int number,
			       const char *module)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!suites[i])
			continue;
		suites[i]->is_init = is_init;
		print_result("", run_suite(suites[i], module), ++number, suites[i]->name, suites[i]->status_comment);
	}
	return number;
}

static unsigned int suites_among(struct kunit_suite **suites, unsigned int n)
{
	unsigned int i, there = 0;

	for (i = 0; i < n; i++)
		there += suites[i] != NULL;
	return there;
}

/* for the host, when a module's init has returned: its two tables of suites */
void kmem_kunit_run(struct kunit_suite **early, unsigned int n_early, struct kunit_suite **suites, unsigned int n,
		    const char *module)
{
	unsigned int number;

	printk(KERN_INFO "KTAP version 1\n");
	printk(KERN_INFO "1..%u\n", suites_among(early, n_early) + suites_among(suites, n));
	number = run_suites(early, n_early, true, 0, module);
	run_suites(suites, n, false, number, module);
}

#endif
