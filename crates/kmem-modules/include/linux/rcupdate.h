/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Read-copy-update: a reader is a place where nobody may sleep; callbacks run once there is none. */
#pragma once
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/atomic.h>
#include <linux/preempt.h>
#include <linux/bottom_half.h>
#include <linux/lockdep.h>
#include <linux/cleanup.h>

void call_rcu(struct rcu_head *head, rcu_callback_t func);
void kmem_synchronize_rcu(void);
void kmem_rcu_barrier(void);
#define rcu_barrier()	do { might_sleep(); kmem_rcu_barrier(); } while (0)
#define rcu_barrier_bh()	rcu_barrier()
#define rcu_barrier_sched()	rcu_barrier()
#define synchronize_rcu_bh()	synchronize_rcu()
#define get_state_synchronize_rcu()	0UL
#define cond_synchronize_rcu(state)	((void)(state), synchronize_rcu())
#define rcu_is_watching()	1

#define synchronize_rcu()	do { might_sleep(); kmem_synchronize_rcu(); } while (0)
#define synchronize_rcu_expedited()	synchronize_rcu()
#define synchronize_sched()	synchronize_rcu()
#define synchronize_net()	synchronize_rcu()
#define synchronize_kernel()	synchronize_rcu()

#define rcu_read_lock()	do { kmem_rcu_depth++; kmem_preempt_up(&kmem_held_rcu); } while (0)
#define rcu_read_unlock() do {						\
	kmem_preempt_down(&kmem_held_rcu, "rcu_read_unlock without rcu_read_lock"); \
	if (kmem_rcu_depth)						\
		kmem_rcu_depth--;					\
} while (0)
#define rcu_read_lock_bh()	local_bh_disable()
#define rcu_read_unlock_bh()	local_bh_enable()
#define rcu_read_lock_sched()	preempt_disable()
#define rcu_read_unlock_sched()	preempt_enable()
#define rcu_read_lock_held()	(kmem_rcu_depth != 0)
#define rcu_read_lock_any_held()	(preempt_count() != 0)
#define rcu_read_lock_bh_held()	(softirq_count() != 0)

#define rcu_dereference(p)	READ_ONCE(p)
#define rcu_dereference_check(p, c)	READ_ONCE(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_dereference_raw(p)	READ_ONCE(p)
#define rcu_dereference_bh(p)	READ_ONCE(p)
#define rcu_dereference_sched(p)	READ_ONCE(p)
#define rcu_access_pointer(p)	READ_ONCE(p)
#define rcu_assign_pointer(p, v)	smp_store_release(&(p), (v))
#define rcu_replace_pointer(p, new, c) ({			\
	__typeof__(p) __was = (p);				\
	rcu_assign_pointer(p, new);				\
	__was; })
#define RCU_INIT_POINTER(p, v)	WRITE_ONCE(p, v)
#define RCU_POINTER_INITIALIZER(p, v)	.p = (v)
#define rcu_pointer_handoff(p)	(p)
#define unrcu_pointer(p)	(p)
#define init_rcu_head(head)	do { } while (0)
#define destroy_rcu_head(head)	do { } while (0)
#define init_rcu_head_on_stack(head)	do { } while (0)
#define destroy_rcu_head_on_stack(head)	do { } while (0)
#define RCU_LOCKDEP_WARN(c, s)	do { } while (0)
#define RCU_HEAD_INIT	{ }
#define rcu_head_init(head)	((head)->func = (rcu_callback_t)~0L)

/* whether such a head has been given to call_rcu(), and with which function */
static inline int rcu_head_after_call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	return READ_ONCE(head->func) == func;
}
#define call_rcu_hurry(head, func)	call_rcu(head, func)
#define cond_resched_tasks_rcu_qs()	cond_resched()

#if KMEM_ERA >= 60
DEFINE_CLASS(rcu, int, ({ (void)_T; rcu_read_unlock(); }), ({ rcu_read_lock(); 0; }), void)
#endif
