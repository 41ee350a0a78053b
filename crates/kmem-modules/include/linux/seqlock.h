/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Readers that look again when a writer was at work. */
#pragma once
#include <linux/spinlock.h>
#include <linux/mutex.h>

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

typedef struct {
	seqcount_t seqcount;
	spinlock_t lock;
} seqlock_t;

#define SEQCNT_ZERO(name)	{ 0 }
#define DEFINE_SEQLOCK(name)	seqlock_t name = { }
#define __SEQLOCK_UNLOCKED(name)	{ }
#define seqcount_init(s)	((s)->sequence = 0)
#define seqlock_init(sl)	(*(sl) = (seqlock_t){ })
#define read_seqcount_begin(s)	((s)->sequence)
#define read_seqcount_retry(s, start)	((s)->sequence != (start))
#define raw_read_seqcount(s)	((s)->sequence)
#define write_seqcount_begin(s)	do { preempt_disable(); (s)->sequence++; } while (0)
#define write_seqcount_end(s)	do { (s)->sequence++; preempt_enable(); } while (0)
#define read_seqbegin(sl)	((sl)->seqcount.sequence)
#define read_seqretry(sl, start)	((sl)->seqcount.sequence != (start))
#define write_seqlock(sl)	do { spin_lock(&(sl)->lock); (sl)->seqcount.sequence++; } while (0)
#define write_sequnlock(sl)	do { (sl)->seqcount.sequence++; spin_unlock(&(sl)->lock); } while (0)
#define write_seqlock_bh(sl)	do { spin_lock_bh(&(sl)->lock); (sl)->seqcount.sequence++; } while (0)
#define write_sequnlock_bh(sl)	do { (sl)->seqcount.sequence++; spin_unlock_bh(&(sl)->lock); } while (0)
#define write_seqlock_irq(sl)	do { spin_lock_irq(&(sl)->lock); (sl)->seqcount.sequence++; } while (0)
#define write_sequnlock_irq(sl)	do { (sl)->seqcount.sequence++; spin_unlock_irq(&(sl)->lock); } while (0)
#define write_seqlock_irqsave(sl, flags)	\
	do { spin_lock_irqsave(&(sl)->lock, flags); (sl)->seqcount.sequence++; } while (0)
#define write_sequnlock_irqrestore(sl, flags)	\
	do { (sl)->seqcount.sequence++; spin_unlock_irqrestore(&(sl)->lock, flags); } while (0)
