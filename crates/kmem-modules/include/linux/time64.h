/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time of day in 64 bits. */
#pragma once
#include <linux/time.h>
#include <linux/math64.h>

void ktime_get_real_ts64(struct timespec64 *ts);
void ktime_get_ts64(struct timespec64 *ts);
void time64_to_tm(time64_t totalsecs, int offset, struct tm *result);
time64_t mktime64(const unsigned int year, const unsigned int mon, const unsigned int day,
		  const unsigned int hour, const unsigned int min, const unsigned int sec);

#define ktime_get_coarse_real_ts64(ts)	ktime_get_real_ts64(ts)
#define ktime_get_coarse_ts64(ts)	ktime_get_ts64(ts)
#define ktime_get_boottime_ts64(ts)	ktime_get_ts64(ts)
#define ktime_get_raw_ts64(ts)	ktime_get_ts64(ts)
#define getnstimeofday64(ts)	ktime_get_real_ts64(ts)
#define TIME64_MAX	((s64)~((u64)1 << 63))

static inline s64 timespec64_to_ns(const struct timespec64 *ts)
{
	return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

struct timespec64 ns_to_timespec64(s64 nsec);

static inline int timespec64_equal(const struct timespec64 *a, const struct timespec64 *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static inline int timespec64_compare(const struct timespec64 *a, const struct timespec64 *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? -1 : 1;
	return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

static inline struct timespec64 timespec64_sub(struct timespec64 a, struct timespec64 b)
{
	return ns_to_timespec64(timespec64_to_ns(&a) - timespec64_to_ns(&b));
}

static inline struct timespec64 timespec64_add(struct timespec64 a, struct timespec64 b)
{
	return ns_to_timespec64(timespec64_to_ns(&a) + timespec64_to_ns(&b));
}
