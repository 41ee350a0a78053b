/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The machine's clock.  It moves only by what sleeps, delays, changes of tasks and looks at it take, so it is the same in
 * every run.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/time.h>
#include "rt.h"

#define LOOK_NS	100	/* what a look at the clock takes: who only looks at it does not wait for ever */
#define STREAK	10000	/* who does nothing but look so often waits: then a look takes a hundred times as long */

u64 kmem_now_ns = NSEC_PER_SEC;	/* since boot; the modules come after a second */

/* the variable, for sources in which the name cannot be a macro */
volatile unsigned long kmem_jiffies __asm__("jiffies") = (unsigned long)INITIAL_JIFFIES + HZ;

u64 kmem_clock_peek(void)
{
	return kmem_now_ns;
}

static void look(void)
{
	static u64 last;
	static unsigned int streak;

	streak = kmem_now_ns == last ? streak + 1 : 0;
	kmem_delay(streak < STREAK ? LOOK_NS : 100 * LOOK_NS);
	last = kmem_now_ns;
}

u64 kmem_clock_ns(void)
{
	look();
	return kmem_now_ns;
}

void kmem_clock_reach(u64 ns)
{
	if (ns > kmem_now_ns) {
		kmem_now_ns = ns;
		kmem_jiffies = kmem_jiffies_peek();
	}
}

/* the machine was started at the beginning of 2026 */
u64 kmem_wall_clock_peek(void)
{
	return 1767225600ULL * 1000000000 + kmem_now_ns;
}

u64 kmem_wall_clock_ns(void)
{
	look();
	return kmem_wall_clock_peek();
}

u64 kmem_jiffies_peek(void)
{
	return INITIAL_JIFFIES + div_u64(kmem_now_ns, TICK_NSEC);
}

u64 get_jiffies_64(void)
{
	look();
	return kmem_jiffies_peek();
}

unsigned int jiffies_to_msecs(const unsigned long j)
{
	return (u64)j * MSEC_PER_SEC / HZ;
}

unsigned int jiffies_to_usecs(const unsigned long j)
{
	return (u64)j * USEC_PER_SEC / HZ;
}

unsigned long msecs_to_jiffies(const unsigned int m)
{
	if ((int)m < 0)
		return MAX_JIFFY_OFFSET;
	return ((u64)m * HZ + MSEC_PER_SEC - 1) / MSEC_PER_SEC;
}

unsigned long usecs_to_jiffies(const unsigned int u)
{
	return ((u64)u * HZ + USEC_PER_SEC - 1) / USEC_PER_SEC;
}

unsigned long timespec_to_jiffies(const struct timespec *value)
{
	return value->tv_sec * HZ + (value->tv_nsec + TICK_NSEC - 1) / TICK_NSEC;
}

void jiffies_to_timespec(const unsigned long j, struct timespec *value)
{
	value->tv_sec = j / HZ;
	value->tv_nsec = j % HZ * TICK_NSEC;
}

#if LINUX_VERSION_CODE < 0x050600
unsigned long timeval_to_jiffies(const struct timeval *value)
{
	return value->tv_sec * HZ + (value->tv_usec * NSEC_PER_USEC + TICK_NSEC - 1) / TICK_NSEC;
}

void jiffies_to_timeval(const unsigned long j, struct timeval *value)
{
	value->tv_sec = j / HZ;
	value->tv_usec = j % HZ * TICK_NSEC / NSEC_PER_USEC;
}
#endif

clock_t jiffies_to_clock_t(unsigned long x)
{
	return (u64)x * USER_HZ / HZ;
}

unsigned long round_jiffies(unsigned long j)
{
	return roundup(j, HZ);
}

#if KMEM_ERA >= 60

struct timespec64 ns_to_timespec64(s64 nsec)
{
	struct timespec64 ts;
	s32 rest;

	ts.tv_sec = div_s64_rem(nsec, NSEC_PER_SEC, &rest);
	if (rest < 0) {
		ts.tv_sec--;
		rest += NSEC_PER_SEC;
	}
	ts.tv_nsec = rest;
	return ts;
}

void ktime_get_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(kmem_clock_ns());
}

void ktime_get_real_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(kmem_wall_clock_ns());
}

/* days since 1970 of the first of March of a year, counted from there so that February comes last */
static long floor_of(long a, long b)
{
	return a / b - (a % b < 0);
}

static long march_first(long year)
{
	return year * 365 + floor_of(year, 4) - floor_of(year, 100) + floor_of(year, 400) - 719468;
}

time64_t mktime64(const unsigned int year, const unsigned int mon, const unsigned int day,
		  const unsigned int hour, const unsigned int min, const unsigned int sec)
{
	unsigned int month = mon > 2 ? mon - 3 : mon + 9;
	long days = march_first(mon > 2 ? year : year - 1) + (153 * month + 2) / 5 + day - 1;

	return (((s64)days * 24 + hour) * 60 + min) * 60 + sec;
}

void time64_to_tm(time64_t totalsecs, int offset, struct tm *result)
{
	s32 rest;
	long days = div_s64_rem(totalsecs, 86400, &rest), year, day;
	int month;

	rest += offset;
	while (rest < 0) {
		rest += 86400;
		days--;
	}
	while (rest >= 86400) {
		rest -= 86400;
		days++;
	}
	result->tm_hour = rest / 3600;
	result->tm_min = rest % 3600 / 60;
	result->tm_sec = rest % 60;
	result->tm_wday = (days % 7 + 11) % 7;

	/* not above the year it is */
	year = days + 719468 >= 0 ? (days + 719468) / 366 : (days + 719468) / 365 - 1;
	while (march_first(year + 1) <= days)
		year++;
	day = days - march_first(year);
	month = (5 * day + 2) / 153;
	result->tm_mday = day - (153 * month + 2) / 5 + 1;
	result->tm_mon = month < 10 ? month + 2 : month - 10;
	result->tm_year = year + (month >= 10) - 1900;
	/* January begins 306 days after the March before */
	result->tm_yday = days - (march_first(result->tm_year + 1899) + 306);
}

#endif
#if LINUX_VERSION_CODE < 0x050000

void do_gettimeofday(struct timeval *tv)
{
	u64 ns = kmem_wall_clock_ns();

	tv->tv_sec = div_u64(ns, NSEC_PER_SEC);
	tv->tv_usec = (long)div_u64(ns, NSEC_PER_USEC) - tv->tv_sec * USEC_PER_SEC;
}

struct timespec current_kernel_time(void)
{
	struct timeval tv;

	do_gettimeofday(&tv);
	return (struct timespec){ tv.tv_sec, tv.tv_usec * NSEC_PER_USEC };
}

void getnstimeofday(struct timespec *ts)
{
	u64 ns = kmem_wall_clock_ns();

	ts->tv_sec = div_u64(ns, NSEC_PER_SEC);
	ts->tv_nsec = ns - (u64)ts->tv_sec * NSEC_PER_SEC;
}

unsigned long get_seconds(void)
{
	return div_u64(kmem_wall_clock_ns(), NSEC_PER_SEC);
}

#endif
