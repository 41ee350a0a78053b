/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Work that threads of the kernel's do later. */
#pragma once
#include <linux/timer.h>
#include <linux/linkage.h>
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/threads.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/rcupdate.h>

struct workqueue_struct;
struct work_struct;

#if KMEM_ERA >= 60
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	atomic_long_t data;		/* whether it is pending */
	struct list_head entry;
	work_func_t func;
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
	int cpu;
};

struct rcu_work {
	struct work_struct work;
	struct rcu_head rcu;
	struct workqueue_struct *wq;
};

void delayed_work_timer_fn(struct timer_list *t);

#define WORK_DATA_INIT()	ATOMIC_LONG_INIT(0)
#define __WORK_INITIALIZER(n, f)	{ .entry = LIST_HEAD_INIT((n).entry), .func = (f) }
#ifdef KMEM_TIMER_HAS_DATA
#define __DELAYED_WORK_INITIALIZER(n, f, flags)	{			\
	.work = __WORK_INITIALIZER((n).work, (f)),			\
	.timer = TIMER_INITIALIZER((void (*)(unsigned long))delayed_work_timer_fn, 0, &(n).timer) }
#else
#define __DELAYED_WORK_INITIALIZER(n, f, flags)	{			\
	.work = __WORK_INITIALIZER((n).work, (f)),			\
	.timer = __TIMER_INITIALIZER(delayed_work_timer_fn, (flags)) }
#endif
#define DECLARE_WORK(n, f)	struct work_struct n = __WORK_INITIALIZER(n, f)
#define DECLARE_DELAYED_WORK(n, f)	struct delayed_work n = __DELAYED_WORK_INITIALIZER(n, f, 0)
#define DECLARE_DEFERRABLE_WORK(n, f)	DECLARE_DELAYED_WORK(n, f)

#define INIT_WORK(w, f) do {						\
	atomic_long_set(&(w)->data, 0);					\
	INIT_LIST_HEAD(&(w)->entry);					\
	(w)->func = (f);						\
} while (0)
#define INIT_WORK_ONSTACK(w, f)	INIT_WORK(w, f)
#define INIT_DELAYED_WORK(w, f) do {					\
	INIT_WORK(&(w)->work, (f));					\
	timer_setup(&(w)->timer, delayed_work_timer_fn, 0);		\
} while (0)
#define INIT_DELAYED_WORK_ONSTACK(w, f)	INIT_DELAYED_WORK(w, f)
#define INIT_DEFERRABLE_WORK(w, f)	INIT_DELAYED_WORK(w, f)
#define INIT_RCU_WORK(w, f)	INIT_WORK(&(w)->work, (f))
#define destroy_work_on_stack(w)	((void)(w))
#define destroy_delayed_work_on_stack(w)	((void)(w))
#define to_delayed_work(w)	container_of((w), struct delayed_work, work)
#define to_rcu_work(w)	container_of((w), struct rcu_work, work)
#define work_pending(w)	(atomic_long_read(&(w)->data) != 0)
#define delayed_work_pending(w)	work_pending(&(w)->work)

enum {
	WQ_UNBOUND = 1 << 1,
	WQ_FREEZABLE = 1 << 2,
	WQ_MEM_RECLAIM = 1 << 3,
	WQ_HIGHPRI = 1 << 4,
	WQ_CPU_INTENSIVE = 1 << 5,
	WQ_SYSFS = 1 << 6,
	WQ_POWER_EFFICIENT = 1 << 7,
	__WQ_ORDERED = 1 << 17,
	__WQ_LEGACY = 1 << 18,
	WQ_MAX_ACTIVE = 512,
	WQ_DFL_ACTIVE = 256,
	WORK_CPU_UNBOUND = 64,
};

extern struct workqueue_struct *system_wq, *system_highpri_wq, *system_long_wq, *system_unbound_wq,
	*system_freezable_wq, *system_power_efficient_wq;

__printf(1, 4) struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags,
							int max_active, ...);
#define alloc_ordered_workqueue(fmt, flags, args...)	\
	alloc_workqueue(fmt, WQ_UNBOUND | __WQ_ORDERED | (flags), 1, ##args)
#define create_workqueue(name)	\
	alloc_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, 1, (name))
#define create_freezable_workqueue(name)	\
	alloc_workqueue("%s", __WQ_LEGACY | WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 1, (name))
#define create_singlethread_workqueue(name)	\
	alloc_ordered_workqueue("%s", __WQ_LEGACY | WQ_MEM_RECLAIM, name)
void destroy_workqueue(struct workqueue_struct *wq);
void workqueue_set_max_active(struct workqueue_struct *wq, int max_active);

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work);
bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work,
			   unsigned long delay);
bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork,
			 unsigned long delay);
bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *rwork);
#define queue_work(wq, work)	queue_work_on(WORK_CPU_UNBOUND, (wq), (work))
#define queue_work_node(node, wq, work)	queue_work(wq, work)
#define queue_delayed_work(wq, dwork, delay)	\
	queue_delayed_work_on(WORK_CPU_UNBOUND, (wq), (dwork), (delay))
#define mod_delayed_work(wq, dwork, delay)	\
	mod_delayed_work_on(WORK_CPU_UNBOUND, (wq), (dwork), (delay))
#define schedule_work(work)	queue_work(system_wq, (work))
#define schedule_work_on(cpu, work)	queue_work_on((cpu), system_wq, (work))
#define schedule_delayed_work(dwork, delay)	queue_delayed_work(system_wq, (dwork), (delay))
#define schedule_delayed_work_on(cpu, dwork, delay)	\
	queue_delayed_work_on((cpu), system_wq, (dwork), (delay))
int schedule_on_each_cpu(work_func_t func);

bool kmem_flush_work(struct work_struct *work);
bool kmem_flush_delayed_work(struct delayed_work *dwork);
bool kmem_cancel_work_sync(struct work_struct *work);
bool kmem_cancel_delayed_work_sync(struct delayed_work *dwork);
bool cancel_work(struct work_struct *work);
bool cancel_delayed_work(struct delayed_work *dwork);
bool flush_rcu_work(struct rcu_work *rwork);
void kmem_flush_workqueue(struct workqueue_struct *wq);
void kmem_drain_workqueue(struct workqueue_struct *wq);
unsigned int work_busy(struct work_struct *work);
enum { WORK_BUSY_PENDING = 1, WORK_BUSY_RUNNING = 2 };
struct work_struct *current_work(void);
#define flush_work(work)	({ might_sleep(); kmem_flush_work(work); })
#define flush_delayed_work(dwork)	({ might_sleep(); kmem_flush_delayed_work(dwork); })
#define cancel_work_sync(work)	({ might_sleep(); kmem_cancel_work_sync(work); })
#define cancel_delayed_work_sync(dwork)	({ might_sleep(); kmem_cancel_delayed_work_sync(dwork); })
#define drain_workqueue(wq)	do { might_sleep(); kmem_drain_workqueue(wq); } while (0)
#define __flush_workqueue(wq)	flush_workqueue(wq)
#define flush_scheduled_work()	flush_workqueue(system_wq)
#else
/* the function gets what was given with it; a delay is part of every work */
struct work_struct {
	unsigned long pending;
	struct list_head entry;
	void (*func)(void *);
	void *data;
	void *wq_data;
	struct timer_list timer;
};

void kmem_delayed_work_timer(unsigned long work);

#define __WORK_INITIALIZER(n, f, d)	{				\
	.entry = LIST_HEAD_INIT((n).entry), .func = (f), .data = (d),	\
	.timer = TIMER_INITIALIZER(kmem_delayed_work_timer, 0, (unsigned long)&(n)) }
#define DECLARE_WORK(n, f, d)	struct work_struct n = __WORK_INITIALIZER(n, f, d)
#define PREPARE_WORK(w, f, d)	do { (w)->func = (f); (w)->data = (d); } while (0)
#define INIT_WORK(w, f, d) do {						\
	INIT_LIST_HEAD(&(w)->entry);					\
	(w)->pending = 0;						\
	PREPARE_WORK((w), (f), (d));					\
	init_timer(&(w)->timer);					\
	(w)->timer.function = kmem_delayed_work_timer;			\
	(w)->timer.data = (unsigned long)(w);				\
} while (0)

struct workqueue_struct *kmem_create_workqueue(const char *name, int max_active);
#define create_workqueue(name)	kmem_create_workqueue((name), KMEM_NR_CPUS)
#define create_singlethread_workqueue(name)	kmem_create_workqueue((name), 1)
void destroy_workqueue(struct workqueue_struct *wq);
int queue_work(struct workqueue_struct *wq, struct work_struct *work);
int queue_delayed_work(struct workqueue_struct *wq, struct work_struct *work, unsigned long delay);
int schedule_work(struct work_struct *work);
int schedule_delayed_work(struct work_struct *work, unsigned long delay);
#define schedule_delayed_work_on(cpu, work, delay)	((void)(cpu), schedule_delayed_work(work, delay))
int schedule_on_each_cpu(void (*func)(void *info), void *info);
int cancel_delayed_work(struct work_struct *work);
void cancel_rearming_delayed_work(struct work_struct *work);
void cancel_rearming_delayed_workqueue(struct workqueue_struct *wq, struct work_struct *work);
void kmem_flush_workqueue(struct workqueue_struct *wq);
void kmem_flush_scheduled_work(void);
#define flush_scheduled_work()	do { might_sleep(); kmem_flush_scheduled_work(); } while (0)
#define work_pending(w)	((w)->pending != 0)
#endif
#define flush_workqueue(wq)	do { might_sleep(); kmem_flush_workqueue(wq); } while (0)
