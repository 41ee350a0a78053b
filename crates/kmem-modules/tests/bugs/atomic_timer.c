/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"
#include <linux/delay.h>
#include <linux/timer.h>

static struct timer_list timer;
static char *got;

static void expired(struct timer_list *t)
{
	got = kmalloc(32, GFP_KERNEL); /* BUG: atomic-sleep */ /* FIX: got = kmalloc(32, GFP_ATOMIC); */
}

static int run(void)
{
	timer_setup(&timer, expired, 0);
	mod_timer(&timer, jiffies + 1);
	msleep(50);
	del_timer_sync(&timer);
	kfree(got);
	return 0;
}
