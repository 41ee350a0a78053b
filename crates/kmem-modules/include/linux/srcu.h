/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Read-copy-update whose readers may sleep: each domain counts its own. */
#pragma once
#include <linux/rcupdate.h>
#include <linux/sched.h>

struct srcu_struct {
	int kmem_readers[2];		/* by the grace period in which they began */
	int kmem_now;
	struct rcu_head *kmem_callbacks;
};

#define __SRCU_STRUCT_INIT(name)	{ }
#define DEFINE_SRCU(name)	struct srcu_struct name = __SRCU_STRUCT_INIT(name)
#define DEFINE_STATIC_SRCU(name)	static struct srcu_struct name = __SRCU_STRUCT_INIT(name)
int init_srcu_struct(struct srcu_struct *ssp);
void cleanup_srcu_struct(struct srcu_struct *ssp);
int srcu_read_lock(struct srcu_struct *ssp);
void srcu_read_unlock(struct srcu_struct *ssp, int idx);
void kmem_synchronize_srcu(struct srcu_struct *ssp);
void call_srcu(struct srcu_struct *ssp, struct rcu_head *head, rcu_callback_t func);
void kmem_srcu_barrier(struct srcu_struct *ssp);
#define synchronize_srcu(ssp)	do { might_sleep(); kmem_synchronize_srcu(ssp); } while (0)
#define synchronize_srcu_expedited(ssp)	synchronize_srcu(ssp)
#define srcu_barrier(ssp)	do { might_sleep(); kmem_srcu_barrier(ssp); } while (0)
#define srcu_read_lock_held(ssp)	1
#define srcu_dereference(p, ssp)	READ_ONCE(p)
#define srcu_dereference_check(p, ssp, c)	READ_ONCE(p)
