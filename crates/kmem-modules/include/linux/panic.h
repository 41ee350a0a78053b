/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The end. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>

__printf(1, 2) void panic(const char *fmt, ...) __noreturn;

#define TAINT_PROPRIETARY_MODULE	0
#define TAINT_USER	6
#define TAINT_WARN	9
#define TAINT_CRAP	10
#define TAINT_OOT_MODULE	12
#define TAINT_LIVEPATCH	15
#define TAINT_TEST	18
#define LOCKDEP_STILL_OK	1
#define LOCKDEP_NOW_UNRELIABLE	0
extern int oops_in_progress;
static inline void add_taint(unsigned int flag, int lockdep_ok) { }
