/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The task, its states, and giving the CPU away. Tasks take turns: another one runs only where the running one sleeps. */
#pragma once
#include <asm/current.h>
#include <asm/param.h>
#include <linux/types.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/signal.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/thread_info.h>
#include <linux/cred.h>
#include <linux/wait.h>

#define TASK_RUNNING		0x0000
#define TASK_INTERRUPTIBLE	0x0001
#define TASK_UNINTERRUPTIBLE	0x0002
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#if KMEM_ERA >= 60
#define TASK_WAKEKILL		0x0100
#define TASK_KILLABLE		(TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE		(0x0400 | TASK_UNINTERRUPTIBLE)
#endif

#define TASK_COMM_LEN	16
#define PF_KTHREAD	0x00200000
#define PF_EXITING	0x00000004
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX

struct cred;
struct mm_struct;
struct kunit;
struct tty_struct;

/* what the threads of a process share */
struct signal_struct {
	struct tty_struct *tty;		/* the terminal it was started from: none */
};

/* what the runtime keeps of a task */
struct kmem_task {
	struct list_head all;
	unsigned long stack;		/* one past its last byte; 0: the host's own task */
	unsigned long sp;		/* while it does not run */
	int preempt_count, irqs_disabled, rcu_depth;
	unsigned int level, lock_id, cpu;
	unsigned long long deadline, woken;
	const void *wait_on;		/* who wakes it by kmem_wake_on */
	const char *wait_what;
	struct task_struct *wait_owner;
	int usage, late;
	void *kthread;
};

struct task_struct {
#if LINUX_VERSION_CODE >= 0x050e00
	unsigned int __state;
#define kmem_task_state	__state
#elif KMEM_ERA >= 60
	volatile long state;
#define kmem_task_state	state
#else
	volatile long state;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
#define kmem_task_state	state
#endif
	unsigned int flags;
	pid_t pid;
	pid_t tgid;
	int prio, static_prio;
	int exit_code;
	struct task_struct *parent;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	sigset_t blocked;
	struct sigpending pending;
	const struct cred *cred, *real_cred;
	void *stack;
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	void *journal_info;
#if KMEM_ERA >= 60
	struct kunit *kunit_test;
#endif
	char comm[TASK_COMM_LEN];
	struct kmem_task kmem;
};

#define set_current_state(value)	WRITE_ONCE(kmem_current->kmem_task_state, (value))
#define __set_current_state(value)	set_current_state(value)
#define set_task_state(task, value)	WRITE_ONCE((task)->kmem_task_state, (value))
#define get_current_state()	READ_ONCE(kmem_current->kmem_task_state)

void kmem_schedule(void);
long kmem_schedule_timeout(long timeout);
int wake_up_process(struct task_struct *task);

#define schedule()	do { might_sleep(); kmem_schedule(); } while (0)
#define io_schedule()	schedule()
#define schedule_timeout(timeout)	({ might_sleep(); kmem_schedule_timeout(timeout); })
#define schedule_timeout_interruptible(timeout)	\
	({ set_current_state(TASK_INTERRUPTIBLE); schedule_timeout(timeout); })
#define schedule_timeout_uninterruptible(timeout)	\
	({ set_current_state(TASK_UNINTERRUPTIBLE); schedule_timeout(timeout); })
void kmem_yield(void);
void kmem_cond_resched(void);
#define yield()	do { might_sleep(); kmem_yield(); } while (0)
int need_resched(void);	/* somebody else could run */
#define signal_pending(task)	((void)(task), 0)
#define fatal_signal_pending(task)	((void)(task), 0)
#define flush_signals(task)	((void)(task))
#if KMEM_ERA >= 60
#define cond_resched()	({ might_sleep(); kmem_cond_resched(); 0; })
#define cond_resched_lock(lock) ({					\
	int __due = need_resched();					\
	if (__due) {							\
		spin_unlock(lock);					\
		cond_resched();						\
		spin_lock(lock);					\
	}								\
	__due; })
#define cond_resched_rcu() do {						\
	rcu_read_unlock();						\
	cond_resched();							\
	rcu_read_lock();						\
} while (0)
#define schedule_timeout_killable(timeout)	schedule_timeout_interruptible(timeout)
#define schedule_timeout_idle(timeout)	schedule_timeout_uninterruptible(timeout)
#define task_pid_nr(task)	((task)->pid)
#define task_pid_vnr(task)	((task)->pid)
#define task_tgid_nr(task)	((task)->tgid)
#define task_tgid_vnr(task)	((task)->tgid)
#define task_cpu(task)	((task)->kmem.cpu)
#define set_cpus_allowed_ptr(task, mask)	((void)(task), (void)(mask), 0)
#define sched_set_fifo(task)	((void)(task))
#define sched_set_fifo_low(task)	((void)(task))
#define sched_set_normal(task, nice)	((void)(task), (void)(nice))
#define set_freezable()	0
#define try_to_freeze()	0
#define task_is_running(task)	((task)->kmem_task_state == TASK_RUNNING)
#define get_task_comm(buf, task)	({ memcpy(buf, (task)->comm, TASK_COMM_LEN); (buf); })
#define memalloc_noio_save()	0u
#define memalloc_noio_restore(flags)	((void)(flags))
#define memalloc_nofs_save()	0u
#define memalloc_nofs_restore(flags)	((void)(flags))
#else
#define cond_resched()	({ might_sleep(); kmem_cond_resched(); 0; })
#endif
#if LINUX_VERSION_CODE < 0x030f00
#define interruptible_sleep_on(wq)	do {				\
	DECLARE_WAITQUEUE(__me, current);				\
	set_current_state(TASK_INTERRUPTIBLE);				\
	add_wait_queue((wq), &__me);					\
	schedule();							\
	remove_wait_queue((wq), &__me);					\
} while (0)
#define sleep_on(wq)	interruptible_sleep_on(wq)
#define interruptible_sleep_on_timeout(wq, timeout) ({			\
	DECLARE_WAITQUEUE(__me, current);				\
	long __left;							\
	set_current_state(TASK_INTERRUPTIBLE);				\
	add_wait_queue((wq), &__me);					\
	__left = schedule_timeout(timeout);				\
	remove_wait_queue((wq), &__me);					\
	__left; })
#define sleep_on_timeout(wq, timeout)	interruptible_sleep_on_timeout(wq, timeout)
#endif
#if KMEM_ERA < 60
__printf(1, 2) void daemonize(const char *name, ...);
#define CLONE_FS	0x00000200
#define CLONE_FILES	0x00000400
#define CLONE_SIGHAND	0x00000800
#define CLONE_KERNEL	(CLONE_FS | CLONE_FILES | CLONE_SIGHAND)
int kernel_thread(int (*fn)(void *), void *arg, unsigned long flags);
#endif
struct task_struct *get_task_struct(struct task_struct *task);

/* all tasks: each is a process of its own */
struct task_struct *kmem_task_after(const struct task_struct *task);	/* of NULL: the first; NULL: no more */
#define for_each_process(p)	\
	for ((p) = kmem_task_after(NULL); (p); (p) = kmem_task_after(p))
#define for_each_thread(p, t)	for ((t) = (p); (t); (t) = NULL)
#define for_each_process_thread(p, t)	for_each_process(p) for_each_thread(p, t)
#define do_each_thread(g, t)	for_each_process(g) { (t) = (g); do
#define while_each_thread(g, t)	while (0); }
#define thread_group_leader(p)	((void)(p), 1)
#define get_nr_threads(p)	((void)(p), 1)
void put_task_struct(struct task_struct *task);
void set_user_nice(struct task_struct *task, long nice);
void do_exit(long code) __noreturn;
#define allow_signal(sig)	((void)(sig))
#define disallow_signal(sig)	((void)(sig))
