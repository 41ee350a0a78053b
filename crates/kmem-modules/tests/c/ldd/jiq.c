/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Work that is put off, by every kind of deferral: the shared workqueue, delayed work, a queue of its own, a thread. */
#include <linux/module.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(2, 6, 20)
#define ARG	struct work_struct *
#define DELAYED	struct delayed_work
#define SET_UP(w, f)	INIT_WORK(w, f)
#define SET_UP_DELAYED(w, f)	INIT_DELAYED_WORK(w, f)
#else
#define ARG	void *
#define DELAYED	struct work_struct
#define SET_UP(w, f)	INIT_WORK(w, f, NULL)
#define SET_UP_DELAYED(w, f)	INIT_WORK(w, f, NULL)
#endif

static struct work_struct now, mine[3];
static DELAYED later;
static struct workqueue_struct *own;
static DECLARE_WAIT_QUEUE_HEAD(all_done);
static DECLARE_COMPLETION(asked);
static struct task_struct *thread;
static int done, order, rounds;

static void finish(const char *who, int is_worker)
{
	printk(KERN_INFO "jiq: %s, atomic %d, worker %d\n", who, in_atomic() ? 1 : 0, is_worker);
	done++;
	wake_up(&all_done);
}

static int is_worker(void)
{
	return !strncmp(current->comm, "kworker", 7) || !strncmp(current->comm, "events", 6);
}

static void on_now(ARG w)
{
	msleep(2);
	finish("shared", is_worker());
}

static void on_later(ARG w)
{
	finish("delayed", is_worker());
}

static void on_mine(ARG w)
{
	int me = (struct work_struct *)w - mine;

	/* one at a time, in the order in which they were queued */
	if (me == order || LINUX_VERSION_CODE < KERNEL_VERSION(2, 6, 20))
		order++;
	msleep(1);
	done++;
	wake_up(&all_done);
}

static int body(void *data)
{
	while (!kthread_should_stop()) {
		if (wait_for_completion_timeout(&asked, HZ / 10)) {
			finish("thread", !strcmp(current->comm, "jiqd"));
			rounds += 100;
		}
		rounds++;
	}
	return rounds >= 100 ? 0 : -EIO;
}

static int __init jiq_init(void)
{
	int i;

	SET_UP(&now, on_now);
	SET_UP_DELAYED(&later, on_later);
	own = create_singlethread_workqueue("jiq");
	if (!own)
		return -ENOMEM;
	thread = kthread_run(body, NULL, "jiqd");
	if (IS_ERR(thread)) {
		destroy_workqueue(own);
		return PTR_ERR(thread);
	}
	schedule_work(&now);
	if (schedule_work(&now))
		printk(KERN_ERR "jiq: queued twice\n");
	schedule_delayed_work(&later, HZ / 50);
	for (i = 0; i < 3; i++) {
		SET_UP(&mine[i], on_mine);
		queue_work(own, &mine[i]);
	}
	complete(&asked);
	wait_event(all_done, done == 6);
	flush_workqueue(own);
	printk(KERN_INFO "jiq: in order %d\n", order);
	schedule_delayed_work(&later, 100 * HZ);
	return 0;
}

static void __exit jiq_exit(void)
{
	printk(KERN_INFO "jiq: taken back %d\n", cancel_delayed_work(&later) ? 1 : 0);
	flush_scheduled_work();
	printk(KERN_INFO "jiq: thread ended with %d\n", kthread_stop(thread));
	destroy_workqueue(own);
}

module_init(jiq_init);
module_exit(jiq_exit);
MODULE_LICENSE("Dual MIT/GPL");
