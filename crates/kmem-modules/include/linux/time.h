/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time of day. */
#pragma once
#include <linux/types.h>
#include <linux/cache.h>

struct timespec {
	long tv_sec;
	long tv_nsec;
};

struct timeval {
	long tv_sec;
	long tv_usec;
};

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

struct tm {
	int tm_sec;
	int tm_min;
	int tm_hour;
	int tm_mday;
	int tm_mon;
	long tm_year;
	int tm_wday;
	int tm_yday;
};

#define MSEC_PER_SEC	1000L
#define USEC_PER_MSEC	1000L
#define NSEC_PER_USEC	1000L
#define NSEC_PER_MSEC	1000000L
#define USEC_PER_SEC	1000000L
#define NSEC_PER_SEC	1000000000L
#define FSEC_PER_SEC	1000000000000000LL
#define CLOCK_REALTIME	0
#define CLOCK_MONOTONIC	1
#define CLOCK_BOOTTIME	7

#if KMEM_ERA >= 60
#include <linux/time64.h>
#else
void do_gettimeofday(struct timeval *tv);
struct timespec current_kernel_time(void);
unsigned long get_seconds(void);
#define CURRENT_TIME	current_kernel_time()
#define xtime		current_kernel_time()
#endif
