/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time in nanoseconds. */
#pragma once
#include <linux/time.h>
#include <linux/jiffies.h>

u64 kmem_clock_ns(void);	/* since boot */
u64 kmem_wall_clock_ns(void);

#if KMEM_ERA >= 60
#define KTIME_MAX	((s64)~((u64)1 << 63))
#define KTIME_SEC_MAX	(KTIME_MAX / NSEC_PER_SEC)

#define ktime_get()	((ktime_t)kmem_clock_ns())
#define ktime_get_ns()	kmem_clock_ns()
#define ktime_get_raw()	ktime_get()
#define ktime_get_raw_ns()	kmem_clock_ns()
#define ktime_get_boottime()	ktime_get()
#define ktime_get_boottime_ns()	kmem_clock_ns()
#define ktime_get_mono_fast_ns()	kmem_clock_ns()
#define ktime_get_coarse()	ktime_get()
#define ktime_get_coarse_ns()	kmem_clock_ns()
#define ktime_get_real()	((ktime_t)kmem_wall_clock_ns())
#define ktime_get_real_ns()	kmem_wall_clock_ns()
#define ktime_get_seconds()	((time64_t)div_u64(kmem_clock_ns(), NSEC_PER_SEC))
#define ktime_get_real_seconds()	((time64_t)div_u64(kmem_wall_clock_ns(), NSEC_PER_SEC))

static inline ktime_t ktime_set(const s64 secs, const unsigned long nsecs)
{
	return secs * NSEC_PER_SEC + (s64)nsecs;
}

#define ktime_to_ns(kt)	(kt)
#define ns_to_ktime(ns)	((ktime_t)(ns))
#define ms_to_ktime(ms)	((ktime_t)(ms) * NSEC_PER_MSEC)
#define us_to_ktime(us)	((ktime_t)(us) * NSEC_PER_USEC)
#define ktime_sub(a, b)	((a) - (b))
#define ktime_add(a, b)	((a) + (b))
#define ktime_add_ns(kt, ns)	((kt) + (s64)(ns))
#define ktime_add_us(kt, us)	((kt) + (s64)(us) * NSEC_PER_USEC)
#define ktime_add_ms(kt, ms)	((kt) + (s64)(ms) * NSEC_PER_MSEC)
#define ktime_sub_ns(kt, ns)	((kt) - (s64)(ns))
#define ktime_to_us(kt)	div_s64((kt), NSEC_PER_USEC)
#define ktime_to_ms(kt)	div_s64((kt), NSEC_PER_MSEC)
#define ktime_us_delta(later, earlier)	ktime_to_us(ktime_sub(later, earlier))
#define ktime_ms_delta(later, earlier)	ktime_to_ms(ktime_sub(later, earlier))
#define ktime_divns(kt, div)	div64_s64((kt), (div))
#define ktime_to_timespec64(kt)	ns_to_timespec64(kt)
#define timespec64_to_ktime(ts)	ktime_set((ts).tv_sec, (ts).tv_nsec)

static inline int ktime_compare(const ktime_t a, const ktime_t b)
{
	return (a > b) - (a < b);
}

static inline bool ktime_after(const ktime_t a, const ktime_t b)
{
	return a > b;
}

static inline bool ktime_before(const ktime_t a, const ktime_t b)
{
	return a < b;
}
#endif
