/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers of nanoseconds. */
#pragma once
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/timer.h>

enum hrtimer_restart {
	HRTIMER_NORESTART,
	HRTIMER_RESTART,
};

#if KMEM_ERA >= 60
enum hrtimer_mode {
	HRTIMER_MODE_ABS = 0x00,
	HRTIMER_MODE_REL = 0x01,
	HRTIMER_MODE_PINNED = 0x02,
	HRTIMER_MODE_SOFT = 0x04,
	HRTIMER_MODE_HARD = 0x08,
	HRTIMER_MODE_ABS_PINNED = HRTIMER_MODE_ABS | HRTIMER_MODE_PINNED,
	HRTIMER_MODE_REL_PINNED = HRTIMER_MODE_REL | HRTIMER_MODE_PINNED,
	HRTIMER_MODE_ABS_SOFT = HRTIMER_MODE_ABS | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_REL_SOFT = HRTIMER_MODE_REL | HRTIMER_MODE_SOFT,
	HRTIMER_MODE_REL_HARD = HRTIMER_MODE_REL | HRTIMER_MODE_HARD,
};

/* the clock that a timer goes by */
struct hrtimer_clock_base {
	ktime_t (*get_time)(void);
};

struct hrtimer {
	struct hrtimer_clock_base *base;
	struct list_head kmem_list;
	ktime_t kmem_expires;
	enum hrtimer_restart (*function)(struct hrtimer *);
	unsigned char kmem_clock, kmem_soft, kmem_queued, kmem_running;
};

void hrtimer_init(struct hrtimer *timer, int clock, enum hrtimer_mode mode);
#define hrtimer_init_on_stack(timer, clock, mode)	hrtimer_init(timer, clock, mode)
#define destroy_hrtimer_on_stack(timer)	((void)(timer))
static inline void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *),
				 int clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
void hrtimer_start(struct hrtimer *timer, ktime_t when, enum hrtimer_mode mode);
#define hrtimer_start_range_ns(timer, when, range, mode)	hrtimer_start(timer, when, mode)
#define hrtimer_start_expires(timer, mode)	\
	hrtimer_start(timer, (timer)->kmem_expires, HRTIMER_MODE_ABS)
#define hrtimer_restart(timer)	hrtimer_start_expires(timer, HRTIMER_MODE_ABS)
int hrtimer_cancel(struct hrtimer *timer);
int hrtimer_try_to_cancel(struct hrtimer *timer);
u64 hrtimer_forward(struct hrtimer *timer, ktime_t now, ktime_t interval);
#define hrtimer_forward_now(timer, interval)	hrtimer_forward(timer, hrtimer_cb_get_time(timer), interval)
ktime_t hrtimer_get_remaining(const struct hrtimer *timer);
#define hrtimer_cb_get_time(timer)	\
	((timer)->kmem_clock == CLOCK_REALTIME ? ktime_get_real() : ktime_get())
#define hrtimer_get_expires(timer)	((timer)->kmem_expires)
#define hrtimer_get_expires_ns(timer)	((timer)->kmem_expires)
#define hrtimer_set_expires(timer, time)	((timer)->kmem_expires = (time))
#define hrtimer_add_expires_ns(timer, ns)	((timer)->kmem_expires += (ns))
#define hrtimer_active(timer)	((timer)->kmem_queued || (timer)->kmem_running)
#define hrtimer_is_queued(timer)	((timer)->kmem_queued)
#define hrtimer_callback_running(timer)	((timer)->kmem_running)
#define hrtimer_resolution	1U
int schedule_hrtimeout(ktime_t *expires, const enum hrtimer_mode mode);
#define schedule_hrtimeout_range(expires, delta, mode)	schedule_hrtimeout(expires, mode)
#endif
