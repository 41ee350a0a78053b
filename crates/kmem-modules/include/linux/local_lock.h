/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Protection of what belongs to one CPU: nobody else runs on it meanwhile. */
#pragma once
#include <linux/irqflags.h>
#include <linux/preempt.h>

#if KMEM_ERA < 60
#error linux/local_lock.h came after 2.6.18
#endif

typedef struct {
	char kmem_nothing[0];
} local_lock_t;

#define INIT_LOCAL_LOCK(name)	{ }
#define local_lock_init(lock)	((void)(lock))
#define local_lock(lock)	do { (void)(lock); preempt_disable(); } while (0)
#define local_unlock(lock)	do { (void)(lock); preempt_enable(); } while (0)
#define local_lock_irq(lock)	do { (void)(lock); local_irq_disable(); } while (0)
#define local_unlock_irq(lock)	do { (void)(lock); local_irq_enable(); } while (0)
#define local_lock_irqsave(lock, flags)	do { (void)(lock); local_irq_save(flags); } while (0)
#define local_unlock_irqrestore(lock, flags)	do { (void)(lock); local_irq_restore(flags); } while (0)
