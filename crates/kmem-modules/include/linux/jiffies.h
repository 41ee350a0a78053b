/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time in ticks. */
#pragma once
#include <linux/math64.h>
#include <linux/types.h>
#include <linux/time.h>
#include <linux/limits.h>
#include <linux/typecheck.h>
#include <asm/param.h>

u64 get_jiffies_64(void);
#define jiffies_64	get_jiffies_64()
#ifdef KMEM_JIFFIES_IS_A_MEMBER
/* a structure of the source has a member of this name, so a look at the clock cannot take time */
extern unsigned long volatile jiffies;
#else
#define jiffies		((unsigned long)get_jiffies_64())
#endif

#define INITIAL_JIFFIES	((unsigned long)(unsigned int)(-300 * HZ))
#define MAX_JIFFY_OFFSET	((LONG_MAX >> 1) - 1)
#define TICK_NSEC	(1000000000L / HZ)
#define TICK_USEC	(1000000L / HZ)

#define time_after(a, b)	\
	(typecheck(unsigned long, a) && typecheck(unsigned long, b) && (long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)	\
	(typecheck(unsigned long, a) && typecheck(unsigned long, b) && (long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	time_after_eq(b, a)
#define time_in_range(a, b, c)	(time_after_eq(a, b) && time_before_eq(a, c))
#define time_in_range_open(a, b, c)	(time_after_eq(a, b) && time_before(a, c))
#define time_after64(a, b)	((s64)((u64)(b) - (u64)(a)) < 0)
#define time_before64(a, b)	time_after64(b, a)
#define time_after_eq64(a, b)	((s64)((u64)(a) - (u64)(b)) >= 0)
#define time_before_eq64(a, b)	time_after_eq64(b, a)
#define time_is_before_jiffies(a)	time_after(jiffies, a)
#define time_is_after_jiffies(a)	time_before(jiffies, a)
#define time_is_before_eq_jiffies(a)	time_after_eq(jiffies, a)
#define time_is_after_eq_jiffies(a)	time_before_eq(jiffies, a)

unsigned int jiffies_to_msecs(const unsigned long j);
unsigned int jiffies_to_usecs(const unsigned long j);
unsigned long msecs_to_jiffies(const unsigned int m);
unsigned long usecs_to_jiffies(const unsigned int u);
unsigned long timespec_to_jiffies(const struct timespec *value);
void jiffies_to_timespec(const unsigned long j, struct timespec *value);
clock_t jiffies_to_clock_t(unsigned long x);
#if LINUX_VERSION_CODE < 0x050600
unsigned long timeval_to_jiffies(const struct timeval *value);
void jiffies_to_timeval(const unsigned long j, struct timeval *value);
#endif

#if KMEM_ERA >= 60
static inline u64 jiffies_to_nsecs(const unsigned long j)
{
	return (u64)j * TICK_NSEC;
}

static inline u64 jiffies64_to_nsecs(u64 j)
{
	return j * TICK_NSEC;
}

static inline u64 nsecs_to_jiffies64(u64 n)
{
	return div_u64(n, TICK_NSEC);
}

static inline unsigned long nsecs_to_jiffies(u64 n)
{
	return nsecs_to_jiffies64(n);
}

#define secs_to_jiffies(seconds)	((unsigned long)((seconds) * HZ))
#endif
#include <linux/timex.h>
