/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kernel threads: tasks with a function of their own, stopped by whoever made them. */
#pragma once
#include <linux/err.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

struct completion;
#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE	(-1)
#endif
__printf(4, 5) struct task_struct *kthread_create_on_node(int (*fn)(void *data), void *data, int node,
							  const char *namefmt, ...);
#define kthread_create(fn, data, namefmt, args...)	\
	kthread_create_on_node(fn, data, NUMA_NO_NODE, namefmt, ##args)
#define kthread_run(fn, data, namefmt, args...) ({			\
	struct task_struct *__task = kthread_create(fn, data, namefmt, ##args);	\
	if (!IS_ERR(__task))						\
		wake_up_process(__task);				\
	__task; })
void kthread_bind(struct task_struct *task, unsigned int cpu);
int kmem_kthread_stop(struct task_struct *task);
#define kthread_stop(task)	({ might_sleep(); kmem_kthread_stop(task); })

#if KMEM_ERA >= 60
bool kthread_should_stop(void);
struct task_struct *kthread_create_on_cpu(int (*fn)(void *data), void *data, unsigned int cpu,
					  const char *namefmt);
#define kthread_run_on_cpu(fn, data, cpu, namefmt) ({			\
	struct task_struct *__task = kthread_create_on_cpu(fn, data, cpu, namefmt);	\
	if (!IS_ERR(__task))						\
		wake_up_process(__task);				\
	__task; })
#define kthread_bind_mask(task, mask)	((void)(task), (void)(mask))
int kmem_kthread_stop_put(struct task_struct *task);
#define kthread_stop_put(task)	({ might_sleep(); kmem_kthread_stop_put(task); })
bool kthread_should_park(void);
bool kthread_should_stop_or_park(void);
bool kthread_freezable_should_stop(bool *was_frozen);
int kmem_kthread_park(struct task_struct *task);
#define kthread_park(task)	({ might_sleep(); kmem_kthread_park(task); })
void kthread_unpark(struct task_struct *task);
void kthread_parkme(void);
void *kthread_data(struct task_struct *task);
void *kthread_func(struct task_struct *task);
void kthread_exit(long result) __noreturn;
void kthread_complete_and_exit(struct completion *x, long code) __noreturn;
#define kthread_use_mm(mm)	((void)(mm))
#define kthread_unuse_mm(mm)	((void)(mm))

/* a thread that does work one piece after the other */
struct kthread_work;
typedef void (*kthread_work_func_t)(struct kthread_work *work);

struct kthread_worker {
	unsigned int flags;
	spinlock_t lock;
	struct list_head work_list;
	struct list_head delayed_work_list;
	struct task_struct *task;
	struct kthread_work *current_work;
};

struct kthread_work {
	struct list_head node;
	kthread_work_func_t func;
	struct kthread_worker *worker;
	int canceling;
};

struct kthread_delayed_work {
	struct kthread_work work;
	struct timer_list timer;
};

#define KTHREAD_WORKER_INIT(worker)	{				\
	.work_list = LIST_HEAD_INIT((worker).work_list),		\
	.delayed_work_list = LIST_HEAD_INIT((worker).delayed_work_list) }
#define KTHREAD_WORK_INIT(work, fn)	\
	{ .node = LIST_HEAD_INIT((work).node), .func = (fn) }
#define DEFINE_KTHREAD_WORKER(worker)	struct kthread_worker worker = KTHREAD_WORKER_INIT(worker)
#define DEFINE_KTHREAD_WORK(work, fn)	struct kthread_work work = KTHREAD_WORK_INIT(work, fn)
#define kthread_init_worker(worker) do {				\
	memset((worker), 0, sizeof(*(worker)));				\
	INIT_LIST_HEAD(&(worker)->work_list);				\
	INIT_LIST_HEAD(&(worker)->delayed_work_list);			\
} while (0)
#define kthread_init_work(work, fn) do {				\
	memset((work), 0, sizeof(struct kthread_work));			\
	INIT_LIST_HEAD(&(work)->node);					\
	(work)->func = (fn);						\
} while (0)
void kthread_delayed_work_timer_fn(struct timer_list *t);
#define kthread_init_delayed_work(dwork, fn) do {			\
	kthread_init_work(&(dwork)->work, (fn));			\
	timer_setup(&(dwork)->timer, kthread_delayed_work_timer_fn, 0);	\
} while (0)
int kthread_worker_fn(void *worker);
__printf(2, 3) struct kthread_worker *kthread_create_worker(unsigned int flags, const char namefmt[], ...);
#define kthread_create_worker_on_cpu(cpu, flags, namefmt, args...)	\
	((void)(cpu), kthread_create_worker(flags, namefmt, ##args))
bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work);
bool kthread_queue_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork,
				unsigned long delay);
bool kthread_mod_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork,
			      unsigned long delay);
void kthread_flush_work(struct kthread_work *work);
void kthread_flush_worker(struct kthread_worker *worker);
bool kthread_cancel_work_sync(struct kthread_work *work);
bool kthread_cancel_delayed_work_sync(struct kthread_delayed_work *work);
void kthread_destroy_worker(struct kthread_worker *worker);
#else
int kthread_should_stop(void);
#define kthread_stop_sem(task, sem)	kthread_stop(task)
#endif
