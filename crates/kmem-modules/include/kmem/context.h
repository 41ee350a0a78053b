/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* In which context the code runs: how deep preemption is off, whether interrupts are, and the check before a sleep. */
#pragma once
#include <kmem/host.h>

extern int kmem_preempt_count;	/* preemption depth in bits 0-7, softirq in 8-15, hardirq in 16-19 */
extern int kmem_irqs_disabled;
extern int kmem_rcu_depth;	/* read sections; each counts as preemption too */
extern unsigned int kmem_lock_id;	/* the running task's number, which a spin lock keeps of its holder */
extern unsigned int kmem_cpu;	/* the CPU that it runs on */

/* what keeps this code from sleeping, innermost last: the lock, or which call; and the code that took it */
struct kmem_held {
	const void *what;
	unsigned long code;
};
#define KMEM_HELD	32
extern struct kmem_held kmem_held[KMEM_HELD];
extern unsigned int kmem_held_depth;
extern unsigned long kmem_irqs_code;	/* where interrupts went off */
extern const char kmem_held_rcu, kmem_held_bh;	/* what is no lock */
void kmem_held_remove(const void *what);

#ifdef __x86_64__
#define kmem_here(place)	asm volatile("movq $1f, %0\n1:" : "=m" (place))
#else
#define kmem_here(place)	asm volatile("movl $1f, %0\n1:" : "=m" (place))
#endif

static __always_inline void kmem_note_held(const void *lock)
{
	struct kmem_held *held;

	if (!kmem_preempt_count)
		kmem_held_depth = 0;
	held = &kmem_held[kmem_held_depth++ % KMEM_HELD];
	held->what = lock;
	kmem_here(held->code);
}

static __always_inline void kmem_note_given(const void *lock)
{
	if (likely(kmem_held_depth && kmem_held[(kmem_held_depth - 1) % KMEM_HELD].what == lock))
		kmem_held_depth--;
	else
		kmem_held_remove(lock);
}

#define kmem_may_sleep(file, line) do {					\
	if (unlikely(kmem_preempt_count || kmem_irqs_disabled))		\
		kmem_host_might_sleep(file, line);			\
} while (0)

#define might_sleep()	kmem_may_sleep(__FILE__, __LINE__)
#define might_sleep_if(cond)	do { if (cond) might_sleep(); } while (0)
#define might_resched()	might_sleep()
#define might_fault()	do { } while (0)
#define non_block_start()	do { } while (0)
#define non_block_end()	do { } while (0)
#define cant_sleep()	do { } while (0)
