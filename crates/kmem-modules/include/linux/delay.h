/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Delays: the module's clock moves on, nobody really waits. */
#pragma once
#include <linux/types.h>
#include <linux/sched.h>
#include <kmem/context.h>

void kmem_delay(u64 ns);	/* busy */
void kmem_sleep(u64 ns);

#define ndelay(n)	kmem_delay(n)
#define udelay(n)	kmem_delay((u64)(n) * 1000)
#define mdelay(n)	kmem_delay((u64)(n) * 1000000)
#define msleep(n)	do { might_sleep(); kmem_sleep((u64)(n) * 1000000); } while (0)
#define ssleep(n)	do { might_sleep(); kmem_sleep((u64)(n) * 1000000000); } while (0)
#define msleep_interruptible(n)	({ msleep(n); 0UL; })
#if KMEM_ERA >= 60
#define usleep_range(min, max)	do { might_sleep(); (void)(max); kmem_sleep((u64)(min) * 1000); } while (0)
#define usleep_idle_range(min, max)	usleep_range(min, max)
#define fsleep(us)	do { might_sleep(); kmem_sleep((u64)(us) * 1000); } while (0)
#endif
