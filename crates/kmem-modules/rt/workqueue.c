/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Workqueues.  What is to be done is an order: the work, its queue, its state.  Workers are threads that take the oldest
 * order that may begin; a new one is made whenever none is free, as if each queue had as many CPUs as it wants.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include "rt.h"

struct workqueue_struct {
	struct list_head all;
	int max_active, active, ours;
	char name[32];
};

struct work_order {
	struct list_head list;
	struct work_struct *work;
	struct workqueue_struct *wq;
	enum { ARMED, QUEUED, RUNNING } state;	/* armed: its timer runs */
	u64 serial;
	int cpu;
	const void *function;
	struct task_struct *worker;
};

/* a work that is being cancelled: it cannot be queued meanwhile */
struct cancel {
	struct list_head list;
	struct work_struct *work;
};

static LIST_HEAD(orders);
static LIST_HEAD(cancels);
static LIST_HEAD(queues);
static u64 last_serial;
static int idle_workers, all_workers;

static struct workqueue_struct own_queue = { .max_active = 256, .ours = 1, .name = "events" };
#if KMEM_ERA >= 60
struct workqueue_struct *system_wq = &own_queue, *system_highpri_wq = &own_queue, *system_long_wq = &own_queue,
	*system_unbound_wq = &own_queue, *system_freezable_wq = &own_queue,
	*system_power_efficient_wq = &own_queue;
#define set_pending(work, value)	atomic_long_set(&(work)->data, (value))
#define timer_of(work)	(&container_of((work), struct delayed_work, work)->timer)
#else
#define set_pending(work, value)	((work)->pending = (value))
#define timer_of(work)	(&(work)->timer)
#endif

static void call(struct work_struct *work)
{
#if KMEM_ERA >= 60
	work->func(work);
#else
	work->func(work->data);
#endif
}

/* --- orders --- */

static struct work_order *order_of(const struct work_struct *work, int running)
{
	struct work_order *order;

	list_for_each_entry(order, &orders, list)
		if (order->work == work && (order->state == RUNNING) == running)
			return order;
	return NULL;
}

static struct work_order *oldest_that_may_begin(void)
{
	struct work_order *order;

	list_for_each_entry(order, &orders, list)
		if (order->state == QUEUED && order->wq->active < order->wq->max_active &&
		    !order_of(order->work, 1))
			return order;
	return NULL;
}

static void drop(struct work_order *order)
{
	list_del(&order->list);
	kmem_host_rt_free(order);
	kmem_wake_on(&orders);
}

int kmem_is_idle_worker(const struct task_struct *task)
{
	return task->kmem.wait_on == &idle_workers;
}

static int __noreturn work_for_ever(void *unused)
{
	for (;;) {
		struct work_order *order = oldest_that_may_begin();
		struct work_struct *work;

		if (!order) {
			idle_workers++;
			kmem_wait_on(&idle_workers, "work", KMEM_NEVER);
			idle_workers--;
			continue;
		}
		work = order->work;
		order->state = RUNNING;
		order->worker = kmem_current;
		order->wq->active++;
		if (order->cpu < KMEM_NR_CPUS)
			kmem_current->kmem.cpu = order->cpu;
		kmem_move_to_cpu(kmem_current->kmem.cpu);
		set_pending(work, 0);
		order->function = work->func;
		kmem_host_hold_on(KMEM_HOLD_WORK, work, KMEM_HOLD_WORKER, kmem_current);
		call(work);
		if (kmem_preempt_count || kmem_irqs_disabled) {
			kmem_host_misuse_in("a work function returned with a spin lock held, or with preemption or interrupts off",
					    order->function);
			kmem_preempt_count = kmem_irqs_disabled = kmem_rcu_depth = 0;
		}
		kmem_host_unhold(KMEM_HOLD_WORKER, kmem_current);
		order->wq->active--;
		drop(order);
	}
}

static void wake_a_worker(void)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *task;

	if (idle_workers) {
		kmem_wake_on(&idle_workers);
		return;
	}
	snprintf(comm, sizeof(comm), "kworker/%d:%d", all_workers % KMEM_NR_CPUS, all_workers);
	task = kmem_own_thread(work_for_ever, NULL, comm);
	if (!task)
		return;
	task->kmem.cpu = all_workers++ % KMEM_NR_CPUS;
	wake_up_process(task);
}

static int is_being_cancelled(const struct work_struct *work)
{
	struct cancel *cancel;

	list_for_each_entry(cancel, &cancels, list)
		if (cancel->work == work)
			return 1;
	return 0;
}

static void make_due(struct work_order *order)
{
	order->state = QUEUED;
	order->serial = ++last_serial;
	list_move_tail(&order->list, &orders);
	wake_a_worker();
}

static int place(int cpu, struct workqueue_struct *wq, struct work_struct *work, unsigned long delay)
{
	struct work_order *order;

	if (!work->func) {
		kmem_host_misuse("queue_work: the work was never set up", work);
		return 0;
	}
	if (order_of(work, 0) || is_being_cancelled(work))
		return 0;
	order = kmem_rt_zalloc(sizeof(*order));
	if (!order)
		return 0;
	order->work = work;
	order->wq = wq;
	order->cpu = cpu;
	list_add_tail(&order->list, &orders);
	set_pending(work, 1);
	kmem_host_hold(delay ? KMEM_HOLD_DELAYED_WORK : KMEM_HOLD_WORK, work, NULL, work->func);
	if (delay)
		mod_timer(timer_of(work), jiffies + delay);
	else
		make_due(order);
	return 1;
}

static void came_due(struct work_struct *work)
{
	struct work_order *order = order_of(work, 0);

	if (!order || order->state != ARMED)
		return;
	kmem_host_hold_on(KMEM_HOLD_DELAYED_WORK, work, KMEM_HOLD_WORK, work);
	make_due(order);
}

static void take_out(struct work_order *order)
{
	set_pending(order->work, 0);
	kmem_host_unhold(KMEM_HOLD_WORK, order->work);
	kmem_host_unhold(KMEM_HOLD_DELAYED_WORK, order->work);
	drop(order);
}

/* takes back what has not begun, its timer included */
static int take_back(struct work_struct *work)
{
	struct work_order *order = order_of(work, 0);

	if (!order)
		return 0;
	if (order->state == ARMED)
		kmem_timer_forget(timer_of(work));
	take_out(order);
	return 1;
}

/* who waits for an order that he carries out himself waits for ever */
static void check_self(const struct work_order *order, const char *what)
{
	static char text[80];

	if (order->worker != kmem_current)
		return;
	scnprintf(text, sizeof(text), "%s from the work itself waits for itself", what);
	kmem_host_stuck(text);
}

static int wait_for(struct work_struct *work, u64 serial, const char *what)
{
	struct work_order *order;
	int waited = 0;

again:
	list_for_each_entry(order, &orders, list) {
		if (order->work == work && order->state != ARMED && order->serial <= serial) {
			waited = 1;
			check_self(order, what);
			kmem_current->kmem.wait_owner = order->worker;
			kmem_wait_on(&orders, what, KMEM_NEVER);
			kmem_current->kmem.wait_owner = NULL;
			goto again;
		}
	}
	return waited;
}

static int cancel_and_wait(struct work_struct *work, const char *what)
{
	struct cancel cancel = { .work = work };
	int was = take_back(work);

	list_add(&cancel.list, &cancels);
	wait_for(work, KMEM_NEVER, what);
	list_del(&cancel.list);
	return was;
}

/* --- queues --- */

void kmem_flush_workqueue(struct workqueue_struct *wq)
{
	u64 serial = last_serial;
	struct work_order *order;

again:
	list_for_each_entry(order, &orders, list) {
		if (order->wq == wq && order->state != ARMED && order->serial <= serial) {
			check_self(order, "flush_workqueue()");
			kmem_current->kmem.wait_owner = order->worker;
			kmem_wait_on(&orders, "flush_workqueue()", KMEM_NEVER);
			kmem_current->kmem.wait_owner = NULL;
			goto again;
		}
	}
}

static void drain_queue(struct workqueue_struct *wq)
{
	struct work_order *order;

again:
	list_for_each_entry(order, &orders, list) {
		if (order->wq == wq && order->state != ARMED) {
			check_self(order, "drain_workqueue()");
			kmem_wait_on(&orders, "drain_workqueue()", KMEM_NEVER);
			goto again;
		}
	}
}

static struct workqueue_struct *make_queue(int max_active)
{
	struct workqueue_struct *wq = kmem_rt_zalloc(sizeof(*wq));

	if (wq) {
		wq->max_active = max_active;
		list_add_tail(&wq->all, &queues);
	}
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	struct workqueue_struct *known;
	struct work_order *order, *next;

	might_sleep();
	list_for_each_entry(known, &queues, all)
		if (known == wq)
			goto found;
	kmem_host_misuse("destroy_workqueue: there is no such queue", wq);
	return;
found:
	drain_queue(wq);
	list_for_each_entry_safe(order, next, &orders, list) {
		if (order->wq == wq) {
			kmem_host_misuse("destroy_workqueue: a delayed work of the queue is still armed; "
					 "cancel_delayed_work_sync() comes first", order->work);
			take_back(order->work);
		}
	}
	kmem_host_unhold(KMEM_HOLD_WORKQUEUE, wq);
	list_del(&wq->all);
	kmem_host_rt_free(wq);
}

#if KMEM_ERA >= 60

struct workqueue_struct *alloc_workqueue(const char *fmt, unsigned int flags, int max_active, ...)
{
	struct workqueue_struct *wq = make_queue(max_active ? max_active : WQ_DFL_ACTIVE);
	va_list args;

	if (!wq)
		return NULL;
	va_start(args, max_active);
	vsnprintf(wq->name, sizeof(wq->name), fmt, args);
	va_end(args);
	kmem_host_hold(KMEM_HOLD_WORKQUEUE, wq, wq->name, NULL);
	return wq;
}

void workqueue_set_max_active(struct workqueue_struct *wq, int max_active)
{
	wq->max_active = max_active;
	wake_a_worker();
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	return place(cpu, wq, work, 0);
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	dwork->wq = wq;
	dwork->cpu = cpu;
	return place(cpu, wq, &dwork->work, delay);
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	bool was = take_back(&dwork->work);

	queue_delayed_work_on(cpu, wq, dwork, delay);
	return was;
}

void delayed_work_timer_fn(struct timer_list *t)
{
	struct delayed_work *dwork = from_timer(dwork, t, timer);

	came_due(&dwork->work);
}

static void queue_after_readers(struct rcu_head *head)
{
	struct rcu_work *rwork = container_of(head, struct rcu_work, rcu);

	set_pending(&rwork->work, 0);
	place(WORK_CPU_UNBOUND, rwork->wq, &rwork->work, 0);
}

bool queue_rcu_work(struct workqueue_struct *wq, struct rcu_work *rwork)
{
	if (work_pending(&rwork->work))
		return false;
	set_pending(&rwork->work, 1);
	rwork->wq = wq;
	call_rcu(&rwork->rcu, queue_after_readers);
	return true;
}

bool flush_rcu_work(struct rcu_work *rwork)
{
	rcu_barrier();
	return flush_work(&rwork->work);
}

bool kmem_flush_work(struct work_struct *work)
{
	return wait_for(work, last_serial, "flush_work()");
}

bool kmem_flush_delayed_work(struct delayed_work *dwork)
{
	struct work_order *order = order_of(&dwork->work, 0);

	if (order && order->state == ARMED) {
		kmem_timer_forget(&dwork->timer);
		came_due(&dwork->work);
	}
	return wait_for(&dwork->work, last_serial, "flush_delayed_work()");
}

bool cancel_work(struct work_struct *work)
{
	return take_back(work);
}

bool cancel_delayed_work(struct delayed_work *dwork)
{
	return take_back(&dwork->work);
}

bool kmem_cancel_work_sync(struct work_struct *work)
{
	return cancel_and_wait(work, "cancel_work_sync()");
}

bool kmem_cancel_delayed_work_sync(struct delayed_work *dwork)
{
	return cancel_and_wait(&dwork->work, "cancel_delayed_work_sync()");
}

void kmem_drain_workqueue(struct workqueue_struct *wq)
{
	drain_queue(wq);
}

unsigned int work_busy(struct work_struct *work)
{
	return (order_of(work, 0) ? WORK_BUSY_PENDING : 0) | (order_of(work, 1) ? WORK_BUSY_RUNNING : 0);
}

struct work_struct *current_work(void)
{
	struct work_order *order;

	list_for_each_entry(order, &orders, list)
		if (order->state == RUNNING && order->worker == kmem_current)
			return order->work;
	return NULL;
}

int schedule_on_each_cpu(work_func_t func)
{
	int cpu;

	for (cpu = 0; cpu < KMEM_NR_CPUS; cpu++) {
		struct work_struct work;

		INIT_WORK(&work, func);
		place(cpu, &own_queue, &work, 0);
		wait_for(&work, last_serial, "schedule_on_each_cpu()");
	}
	return 0;
}

#else

struct workqueue_struct *kmem_create_workqueue(const char *name, int max_active)
{
	struct workqueue_struct *wq = make_queue(max_active);

	if (wq) {
		strncpy(wq->name, name, sizeof(wq->name) - 1);
		kmem_host_hold(KMEM_HOLD_WORKQUEUE, wq, wq->name, NULL);
	}
	return wq;
}

int queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	return place(KMEM_NR_CPUS, wq, work, 0);
}

int queue_delayed_work(struct workqueue_struct *wq, struct work_struct *work, unsigned long delay)
{
	return place(KMEM_NR_CPUS, wq, work, delay);
}

int schedule_work(struct work_struct *work)
{
	return place(KMEM_NR_CPUS, &own_queue, work, 0);
}

int schedule_delayed_work(struct work_struct *work, unsigned long delay)
{
	return place(KMEM_NR_CPUS, &own_queue, work, delay);
}

void kmem_delayed_work_timer(unsigned long work)
{
	came_due((struct work_struct *)work);
}

int cancel_delayed_work(struct work_struct *work)
{
	struct work_order *order = order_of(work, 0);

	/* what is queued already is not taken back */
	return order && order->state == ARMED ? take_back(work) : 0;
}

void cancel_rearming_delayed_work(struct work_struct *work)
{
	cancel_and_wait(work, "cancel_rearming_delayed_work()");
}

void cancel_rearming_delayed_workqueue(struct workqueue_struct *wq, struct work_struct *work)
{
	cancel_and_wait(work, "cancel_rearming_delayed_workqueue()");
}

void kmem_flush_scheduled_work(void)
{
	kmem_flush_workqueue(&own_queue);
}

int schedule_on_each_cpu(void (*func)(void *), void *info)
{
	int cpu;

	for (cpu = 0; cpu < KMEM_NR_CPUS; cpu++) {
		struct work_struct work;

		INIT_WORK(&work, func, info);
		place(cpu, &own_queue, &work, 0);
		wait_for(&work, last_serial, "schedule_on_each_cpu()");
	}
	return 0;
}

#endif
