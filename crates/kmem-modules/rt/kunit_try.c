/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Leaving a test in its middle, and what is said when a comparison fails. */
#if KMEM_ERA >= 60
#include <kunit/test.h>
#include "rt.h"

void kunit_try_catch_init(struct kunit_try_catch *try_catch, struct kunit *test,
			  kunit_try_catch_func_t try, kunit_try_catch_func_t catch)
{
	try_catch->test = test;
	try_catch->try = try;
	try_catch->catch = catch;
	try_catch->try_result = 0;
}

void kunit_try_catch_run(struct kunit_try_catch *try_catch, void *context)
{
	try_catch->context = context;
	try_catch->try_result = -EINTR;
	if (!__builtin_setjmp(try_catch->kmem_way_out)) {
		try_catch->try(context);
		try_catch->try_result = 0;
	} else {
		try_catch->try_result = -EFAULT;
		try_catch->catch(try_catch->context);
	}
}

/* a checker of stacks wants to hear that frames go without a return */
void __asan_handle_no_return(void) __weak;

void kunit_try_catch_throw(struct kunit_try_catch *try_catch)
{
	if (__asan_handle_no_return)
		__asan_handle_no_return();
	__builtin_longjmp(try_catch->kmem_way_out, 1);
}

void __kunit_abort(struct kunit *test)
{
	kunit_try_catch_throw(&test->try_catch);
}

/* failures: a head, what was compared, and the test's own words */

static void print_head(struct kunit *test, const char *file, int line, enum kunit_assert_type type)
{
	kunit_set_failure(test);
	kunit_err(test, "%s FAILED at %s:%d\n", type == KUNIT_ASSERTION ? "ASSERTION" : "EXPECTATION", file, line);
}

static void finish_failure(struct kunit *test, enum kunit_assert_type type, const char *fmt, va_list args)
{
	va_list copy;
	struct va_format words = { .fmt = fmt, .va = &copy };

	if (fmt) {
		va_copy(copy, args);
		printk(KERN_ERR "%pV\n", &words);
		va_end(copy);
	}
	if (type == KUNIT_ASSERTION)
		__kunit_abort(test);
}

#define FINISH(fmt) do {						\
	va_list args;							\
	va_start(args, fmt);						\
	finish_failure(test, type, fmt, args);					\
	va_end(args);							\
} while (0)

void kmem_kunit_fail(__kmem_kunit_where, const char *fmt, ...)
{
	print_head(test, file, line, type);
	FINISH(fmt);
}

void kmem_kunit_fail_unary(__kmem_kunit_where, const char *text, int wanted, const char *fmt, ...)
{
	print_head(test, file, line, type);
	printk(KERN_ERR "    Expected %s to be %s, but is %s\n", text, wanted ? "true" : "false",
	       wanted ? "false" : "true");
	FINISH(fmt);
}

void kmem_kunit_fail_pointer(__kmem_kunit_where, const char *text, const void *value, const char *fmt, ...)
{
	print_head(test, file, line, type);
	if (value)
		printk(KERN_ERR "    Expected %s is not error, but is: %ld\n", text, PTR_ERR(value));
	else
		printk(KERN_ERR "    Expected %s is not null, but is\n", text);
	FINISH(fmt);
}

static void print_compared(const char *left, const char *op, const char *right)
{
	printk(KERN_ERR "    Expected %s %s %s, but\n", left, op, right);
}

/* a literal says its value itself */
static void print_number(const char *text, long long value)
{
	char literal[24];

	snprintf(literal, sizeof(literal), "%lld", value);
	if (strcmp(text, literal))
		printk(KERN_ERR "        %s == %lld (0x%llx)\n", text, value, value);
}

void kmem_kunit_fail_numbers(__kmem_kunit_where, const char *left, const char *op, const char *right,
			     long long l, long long r, const char *fmt, ...)
{
	print_head(test, file, line, type);
	print_compared(left, op, right);
	print_number(left, l);
	print_number(right, r);
	FINISH(fmt);
}

void kmem_kunit_fail_pointers(__kmem_kunit_where, const char *left, const char *op, const char *right,
			      const void *l, const void *r, const char *fmt, ...)
{
	print_head(test, file, line, type);
	print_compared(left, op, right);
	printk(KERN_ERR "        %s == %px\n", left, l);
	printk(KERN_ERR "        %s == %px\n", right, r);
	FINISH(fmt);
}

static void print_string(const char *text, const char *value)
{
	size_t len = value ? strlen(value) : 0;

	if (!value)
		printk(KERN_ERR "        %s == <(null)>\n", text);
	else if (strlen(text) != len + 2 || text[0] != '"' || strncmp(text + 1, value, len))
		printk(KERN_ERR "        %s == \"%s\"\n", text, value);
}

void kmem_kunit_fail_strings(__kmem_kunit_where, const char *left, const char *op, const char *right,
			     const char *l, const char *r, const char *fmt, ...)
{
	print_head(test, file, line, type);
	print_compared(left, op, right);
	print_string(left, l);
	print_string(right, r);
	FINISH(fmt);
}

/* sixteen bytes a line, those that differ in brackets */
static void print_bytes(const char *text, const u8 *bytes, const u8 *others, size_t size)
{
	char line[16 * 5 + 1];
	size_t i;
	int len = 0;

	printk(KERN_ERR "        %s ==\n", text);
	for (i = 0; i < size; i++) {
		len += scnprintf(line + len, sizeof(line) - len, bytes[i] == others[i] ? " %02x " : "<%02x>", bytes[i]);
		if (i % 16 == 15 || i + 1 == size) {
			printk(KERN_ERR "        %s\n", line);
			len = 0;
		}
	}
}

void kmem_kunit_fail_memory(__kmem_kunit_where, const char *left, const char *op, const char *right,
			    const void *l, const void *r, size_t size, const char *fmt, ...)
{
	print_head(test, file, line, type);
	if (!l || !r) {
		printk(KERN_ERR "    Expected %s is not null, but is\n", l ? right : left);
	} else {
		print_compared(left, op, right);
		print_bytes(left, l, r, size);
		print_bytes(right, r, l, size);
	}
	FINISH(fmt);
}

void __kunit_fail_current_test(const char *file, int line, const char *fmt, ...)
{
	struct kunit *test = kunit_get_current_test();
	struct va_format words = { .fmt = fmt };
	va_list args;

	if (!test)
		return;
	kunit_set_failure(test);
	va_start(args, fmt);
	words.va = &args;
	kunit_err(test, "%s:%d: %pV", file, line, &words);
	va_end(args);
}
#endif
