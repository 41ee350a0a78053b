/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The whole runtime as one unit: everything that a kernel offers besides memory and that is best said in C. */
#include "kmem_core.c"
/* these are hot */
#pragma GCC push_options
#pragma GCC optimize("O2")
#include "kasan.c"
#include "coverage.c"
#pragma GCC pop_options
/* None of what follows is hot, and all of it is compiled at every run: not optimised it takes a third of the time. */
#pragma GCC optimize("O0")
#include "ratelimit.c"
#include "kstrtox.c"
#include "sscanf.c"
#include "math.c"
#include "bitmap.c"
#include "sort.c"
#include "klist.c"
#include "kfifo.c"
#include "random.c"
#include "uaccess.c"
#include "clock.c"
#include "timer.c"
#include "softirq.c"
#include "wait.c"
#include "semaphore.c"
#include "rwsem.c"
#include "refcount.c"
#include "irq.c"
#include "chrdev.c"
#include "devres.c"
#include "device.c"
#include "misc.c"
#include "seq_file.c"
#include "proc.c"
#include "fops.c"
#include "file.c"
#include "left.c"
