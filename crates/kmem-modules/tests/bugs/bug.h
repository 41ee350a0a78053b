/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the seeded bugs have in common. A file defines run(), which is the module's init. It marks the line at which its one
 * bug is to be found, BUG with the kind, and the one line that is another without it, FIX with what stands there then.
 * BUG64 marks it where it is another line on a 64-bit machine: there the call itself may be the first to go beyond a stack.
 * RUN says on which machine, with which other file, and what is done to the module's device.
 */
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

MODULE_LICENSE("GPL");

static int run(void);

/* the compiler must not know what becomes of it */
static inline void use(const void *p)
{
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

/* nor which number this is */
static inline int hide(int n)
{
	__asm__ __volatile__("" : "+r"(n));
	return n;
}

#ifndef OWN_HOOKS
static int __init bug_init(void)
{
	return run();
}

static void __exit bug_exit(void)
{
}

module_init(bug_init);
module_exit(bug_exit);
#endif
