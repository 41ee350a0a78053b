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

struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};

#if KMEM_ERA >= 60
#include <linux/time64.h>
#endif
#if LINUX_VERSION_CODE < 0x050000
void do_gettimeofday(struct timeval *tv);
void getnstimeofday(struct timespec *ts);
struct timespec current_kernel_time(void);
unsigned long get_seconds(void);
#define CURRENT_TIME	current_kernel_time()
#define CURRENT_TIME_SEC	((struct timespec){ .tv_sec = get_seconds() })
#define timespec_to_ns(ts)	((s64)(ts)->tv_sec * NSEC_PER_SEC + (ts)->tv_nsec)
#define timeval_to_ns(tv)	((s64)(tv)->tv_sec * NSEC_PER_SEC + (tv)->tv_usec * NSEC_PER_USEC)
#endif
#if KMEM_ERA < 60
#define xtime		current_kernel_time()
#endif
