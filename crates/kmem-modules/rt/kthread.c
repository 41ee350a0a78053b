/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Kernel threads, and workers that are threads. */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "rt.h"

struct kthread {
	int (*fn)(void *);
	void *data;
	int stop, park, parked, started, ended;
	long result;
};

static struct kthread *of(const struct task_struct *task)
{
	return task->kmem.kthread;
}

void kmem_thread_exit(long result)
{
	struct kthread *self = of(kmem_current);

	self->result = result;
	self->ended = 1;
	kmem_host_unhold(KMEM_HOLD_THREAD, kmem_current);
	kmem_wake_on(self);
	kmem_task_end();
}

static void begin(void)
{
	struct kthread *self = of(kmem_current);

	kmem_task_begin();
	self->started = 1;
	kmem_thread_exit(self->stop ? -EINTR : self->fn(self->data));
}

static struct task_struct *create(int (*fn)(void *), void *data, const char *comm)
{
	struct kthread *self = kmem_rt_zalloc(sizeof(*self));
	struct task_struct *task = self ? kmem_task_create(begin) : NULL;

	if (!task) {
		kmem_host_rt_free(self);
		return ERR_PTR(-ENOMEM);
	}
	self->fn = fn;
	self->data = data;
	task->kmem.kthread = self;
	strncpy(task->comm, comm, TASK_COMM_LEN - 1);
	return task;
}

/* a thread of the runtime's own: nobody has to stop it */
struct task_struct *kmem_own_thread(int (*fn)(void *), void *data, const char *comm)
{
	struct task_struct *task = create(fn, data, comm);

	return IS_ERR(task) ? NULL : task;
}

static struct task_struct *create_held(int (*fn)(void *), void *data, const char *fmt, va_list args)
{
	char comm[TASK_COMM_LEN];
	struct task_struct *task;

	vsnprintf(comm, sizeof(comm), fmt, args);
	task = create(fn, data, comm);
	if (!IS_ERR(task))
		kmem_host_hold(KMEM_HOLD_THREAD, task, task->comm, fn);
	return task;
}

struct task_struct *kthread_create_on_node(int (*fn)(void *), void *data, int node, const char *fmt, ...)
{
	struct task_struct *task;
	va_list args;

	might_sleep();
	va_start(args, fmt);
	task = create_held(fn, data, fmt, args);
	va_end(args);
	return task;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	if (cpu < KMEM_NR_CPUS)
		task->kmem.cpu = cpu;
}

static int is_gone(const struct task_struct *task, const char *function)
{
	if (!kmem_task_is_gone(task))
		return 0;
	kmem_host_misuse(function, task);
	return 1;
}

int kmem_kthread_stop(struct task_struct *task)
{
	struct kthread *it = of(task);

	if (is_gone(task, "kthread_stop() of a thread that has ended: its task_struct is freed; "
		    "let it run until kthread_should_stop(), or hold it by get_task_struct()"))
		return it->result;
	if (task == kmem_current)
		kmem_host_misuse("kthread_stop() of the thread that runs", task);
	it->stop = 1;
	it->park = 0;
	wake_up_process(task);
	while (!it->ended) {
		kmem_current->kmem.wait_owner = task;
		kmem_wait_on(it, "kthread_stop()", KMEM_NEVER);
		kmem_current->kmem.wait_owner = NULL;
	}
	return it->result;
}

static int should_stop(void)
{
	return of(kmem_current) && of(kmem_current)->stop;
}

#if KMEM_ERA < 60

int kthread_should_stop(void)
{
	return should_stop();
}

void daemonize(const char *name, ...)
{
	va_list args;

	va_start(args, name);
	vsnprintf(kmem_current->comm, TASK_COMM_LEN, name, args);
	va_end(args);
}

int kernel_thread(int (*fn)(void *), void *arg, unsigned long flags)
{
	struct task_struct *task = create(fn, arg, kmem_current->comm);

	if (IS_ERR(task))
		return PTR_ERR(task);
	kmem_host_hold(KMEM_HOLD_THREAD, task, task->comm, fn);
	wake_up_process(task);
	return task->pid;
}

#else

bool kthread_should_stop(void)
{
	return should_stop();
}

struct task_struct *kthread_create_on_cpu(int (*fn)(void *), void *data, unsigned int cpu, const char *fmt)
{
	struct task_struct *task = kthread_create_on_node(fn, data, 0, fmt, cpu);

	if (!IS_ERR(task))
		kthread_bind(task, cpu);
	return task;
}

int kmem_kthread_stop_put(struct task_struct *task)
{
	int result = kmem_kthread_stop(task);

	put_task_struct(task);
	return result;
}

bool kthread_should_park(void)
{
	return of(kmem_current) && of(kmem_current)->park;
}

bool kthread_should_stop_or_park(void)
{
	return kthread_should_stop() || kthread_should_park();
}

bool kthread_freezable_should_stop(bool *was_frozen)
{
	if (was_frozen)
		*was_frozen = false;
	return kthread_should_stop();
}

int kmem_kthread_park(struct task_struct *task)
{
	struct kthread *it = of(task);

	if (it->ended)
		return -ENOSYS;
	it->park = 1;
	if (task == kmem_current)
		return 0;
	wake_up_process(task);
	while (!it->parked && !it->ended)
		kmem_wait_on(it, "kthread_park(): the thread must call kthread_parkme()", KMEM_NEVER);
	return 0;
}

void kthread_unpark(struct task_struct *task)
{
	struct kthread *it = of(task);

	it->park = 0;
	kmem_wake_on(&it->park);
}

void kthread_parkme(void)
{
	struct kthread *self = of(kmem_current);

	while (self->park && !self->stop) {
		self->parked = 1;
		kmem_wake_on(self);
		kmem_wait_on(&self->park, "kthread_parkme()", KMEM_NEVER);
	}
	self->parked = 0;
}

void *kthread_data(struct task_struct *task)
{
	return of(task)->data;
}

void *kthread_func(struct task_struct *task)
{
	return of(task) ? of(task)->fn : NULL;
}

void kthread_exit(long result)
{
	kmem_thread_exit(result);
}

void kthread_complete_and_exit(struct completion *x, long code)
{
	complete_and_exit(x, code);
}

/* workers */

int kthread_worker_fn(void *data)
{
	struct kthread_worker *worker = data;

	worker->task = kmem_current;
	while (!kthread_should_stop()) {
		struct kthread_work *work;

		if (list_empty(&worker->work_list)) {
			kmem_wait_on(worker, "the next kthread_work", KMEM_NEVER);
			continue;
		}
		work = list_first_entry(&worker->work_list, struct kthread_work, node);
		list_del_init(&work->node);
		worker->current_work = work;
		work->func(work);
		worker->current_work = NULL;
		kmem_wake_on(&worker->current_work);
	}
	worker->task = NULL;
	return 0;
}

struct kthread_worker *kthread_create_worker(unsigned int flags, const char fmt[], ...)
{
	struct kthread_worker *worker = kzalloc(sizeof(*worker), GFP_KERNEL);
	struct task_struct *task;
	va_list args;

	if (!worker)
		return ERR_PTR(-ENOMEM);
	kthread_init_worker(worker);
	va_start(args, fmt);
	task = create_held(kthread_worker_fn, worker, fmt, args);
	va_end(args);
	if (IS_ERR(task)) {
		kfree(worker);
		return ERR_CAST(task);
	}
	worker->task = task;
	wake_up_process(task);
	return worker;
}

bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work)
{
	if (!list_empty(&work->node) || work->canceling)
		return false;
	work->worker = worker;
	list_add_tail(&work->node, &worker->work_list);
	kmem_wake_on(worker);
	return true;
}

void kthread_delayed_work_timer_fn(struct timer_list *t)
{
	struct kthread_delayed_work *dwork = from_timer(dwork, t, timer);

	kthread_queue_work(dwork->work.worker, &dwork->work);
}

bool kthread_queue_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork,
				unsigned long delay)
{
	if (!delay)
		return kthread_queue_work(worker, &dwork->work);
	if (timer_pending(&dwork->timer) || !list_empty(&dwork->work.node) || dwork->work.canceling)
		return false;
	dwork->work.worker = worker;
	mod_timer(&dwork->timer, jiffies + delay);
	return true;
}

bool kthread_mod_delayed_work(struct kthread_worker *worker, struct kthread_delayed_work *dwork,
			      unsigned long delay)
{
	bool was = timer_delete(&dwork->timer);

	if (!list_empty(&dwork->work.node)) {
		list_del_init(&dwork->work.node);
		was = true;
	}
	kthread_queue_delayed_work(worker, dwork, delay);
	return was;
}

static int is_busy(struct kthread_work *work)
{
	return work->worker && (!list_empty(&work->node) || work->worker->current_work == work);
}

void kthread_flush_work(struct kthread_work *work)
{
	while (is_busy(work))
		kmem_wait_on(&work->worker->current_work, "kthread_flush_work()", KMEM_NEVER);
}

void kthread_flush_worker(struct kthread_worker *worker)
{
	while (worker->current_work || !list_empty(&worker->work_list))
		kmem_wait_on(&worker->current_work, "kthread_flush_worker()", KMEM_NEVER);
}

bool kthread_cancel_work_sync(struct kthread_work *work)
{
	bool was = !list_empty(&work->node);

	list_del_init(&work->node);
	work->canceling++;
	while (is_busy(work))
		kmem_wait_on(&work->worker->current_work, "kthread_cancel_work_sync()", KMEM_NEVER);
	work->canceling--;
	return was;
}

bool kthread_cancel_delayed_work_sync(struct kthread_delayed_work *dwork)
{
	bool was = timer_delete_sync(&dwork->timer);

	return kthread_cancel_work_sync(&dwork->work) || was;
}

void kthread_destroy_worker(struct kthread_worker *worker)
{
	kthread_flush_worker(worker);
	kthread_stop(worker->task);
	kfree(worker);
}

#endif

void complete_and_exit(struct completion *x, long code)
{
	if (x)
		complete(x);
	do_exit(code);
}
