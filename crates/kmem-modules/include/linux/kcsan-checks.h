/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The search for data races: this kernel is built without it. */
#pragma once
#include <linux/compiler.h>

#define __kcsan_check_access(ptr, size, type)	do { } while (0)
#define kcsan_check_access(ptr, size, type)	do { } while (0)
#define kcsan_check_read(ptr, size)	do { } while (0)
#define kcsan_check_write(ptr, size)	do { } while (0)
#define ASSERT_EXCLUSIVE_WRITER(var)	do { } while (0)
#define ASSERT_EXCLUSIVE_ACCESS(var)	do { } while (0)
#define kcsan_disable_current()	do { } while (0)
#define kcsan_enable_current()	do { } while (0)
