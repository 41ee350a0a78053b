/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include "bug.h"

static DEFINE_SPINLOCK(lock);
static struct hrtimer timer;

static enum hrtimer_restart ring(struct hrtimer *t)
{
	spin_lock(&lock); /* BUG: misuse */
	if (hide(1)) /* FIX: if (hide(0)) */
		return HRTIMER_NORESTART;
	spin_unlock(&lock);
	return HRTIMER_NORESTART;
}

static int run(void)
{
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = ring;
	hrtimer_start(&timer, ms_to_ktime(2), HRTIMER_MODE_REL);
	msleep(10);
	hrtimer_cancel(&timer);
	return 0;
}
