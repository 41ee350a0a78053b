/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Faults of tasks, one for each value of FAULT; with 0 there is none.  The line that a finding must name carries the
 * number: `BUG n KIND`, and `SECOND n` a line that it must name besides.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct obj {
	int value;
	struct rcu_head rcu;
	struct timer_list timer;
};

static __maybe_unused DEFINE_MUTEX(first);
static __maybe_unused DEFINE_MUTEX(second);
static __maybe_unused DEFINE_SPINLOCK(lock);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_COMPLETION(began);
static struct task_struct *thread;
static struct timer_list timer;
static struct hrtimer high;
static struct tasklet_struct tasklet;
static struct work_struct work;
static struct delayed_work later;
static struct workqueue_struct *own;
static int __percpu *counters;
static int flag, ticks, restarts;
static u32 __maybe_unused table[4];

static noinline __maybe_unused u32 deep(u32 n) { volatile u32 room[128]; return n ? deep(n - 1) + (room[n % 128] = n) : 0; }	/* BUG 14 oops */

static int body(void *data)
{
	complete(&began);
#if FAULT == 7
	mutex_lock(&second);
	msleep(2);
	mutex_lock(&first);				/* SECOND 7 */
	mutex_unlock(&first);
	mutex_unlock(&second);
#elif FAULT == 8
	msleep(1);
	flag = 1;
#elif FAULT == 11
	spin_lock(&lock);
	kfree(kmalloc(10, GFP_KERNEL));			/* BUG 11 atomic-sleep */
	spin_unlock(&lock);
#elif FAULT == 14
	deep(1000);
#elif FAULT == 19
	mutex_unlock(&first);				/* BUG 19 misuse */
#elif FAULT == 24
	pr_info("%u\n", *(volatile u32 *)0x18);		/* BUG 24 oops */
#else
	msleep(1);
	flag = 1;
	wake_up(&queue);
#endif
#if FAULT == 13
	return 0;
#endif
	while (!kthread_should_stop())
		msleep(10);
	return 3;
}

static void on_timer(struct timer_list *t)
{
	ticks++;
#if FAULT == 9
	msleep(1);					/* BUG 9 atomic-sleep */
#elif FAULT == 17
	del_timer_sync(t);				/* BUG 17 deadlock */
#elif FAULT == 25
	spin_lock(&lock);				/* BUG 25 deadlock */
	spin_unlock(&lock);
#endif
}

#if FAULT == 18
static enum hrtimer_restart on_high(struct hrtimer *t) { return HRTIMER_RESTART; }	/* BUG 18 misuse */
#else
static enum hrtimer_restart on_high(struct hrtimer *t)
{
	hrtimer_forward_now(t, ms_to_ktime(1));
	return ++restarts < 3 ? HRTIMER_RESTART : HRTIMER_NORESTART;
}
#endif

static void on_tasklet(struct tasklet_struct *t)
{
#if FAULT == 10
	mutex_lock(&first);				/* BUG 10 atomic-sleep */
	mutex_unlock(&first);
#endif
}

static void on_work(struct work_struct *w)
{
	msleep(5);
#if FAULT == 16
	flush_work(w);					/* BUG 16 deadlock */
#endif
}

static void on_later(struct work_struct *w)
{
}

static void __maybe_unused free_obj(struct rcu_head *head)
{
	kfree(container_of(head, struct obj, rcu));
}

static int __init task_init(void)
{
	struct obj *obj = kzalloc(sizeof(*obj), GFP_KERNEL);

	if (!obj)
		return -ENOMEM;
	timer_setup(&timer, on_timer, 0);
	timer_setup(&obj->timer, on_timer, 0);
	INIT_WORK(&work, on_work);
	INIT_DELAYED_WORK(&later, on_later);
	tasklet_setup(&tasklet, on_tasklet);
	hrtimer_init(&high, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	high.function = on_high;
	own = alloc_workqueue("own", 0, 0);		/* BUG 20 leak */
	counters = alloc_percpu(int);			/* BUG 21 leak */
	if (!own || !counters)
		return -ENOMEM;
#if FAULT == 19
	mutex_lock(&first);
#endif
	thread = kthread_run(body, NULL, "body");	/* BUG 1 leak */
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	wait_for_completion(&began);
#if FAULT == 7
	mutex_lock(&first);
	msleep(2);
	mutex_lock(&second);				/* BUG 7 deadlock */
	mutex_unlock(&second);
	mutex_unlock(&first);
#elif FAULT == 8
	wait_event(queue, flag);			/* BUG 8 deadlock */
#elif FAULT != 11 && FAULT != 14 && FAULT != 19 && FAULT != 24
	wait_event(queue, flag);
#endif
	mod_timer(&timer, jiffies + 1);
	hrtimer_start(&high, ms_to_ktime(1), HRTIMER_MODE_REL);
#if FAULT == 25
	spin_lock(&lock);
	mdelay(20);
	spin_unlock(&lock);
#endif
	msleep(20);
	tasklet_schedule(&tasklet);
	queue_work(own, &work);
	msleep(1);
#if FAULT == 15
	mod_timer(&obj->timer, jiffies + HZ);		/* SECOND 15 */
	kfree(obj);					/* BUG 15 misuse */
	obj = NULL;
#elif FAULT == 26
	{
		struct kmem_cache *cache = kmem_cache_create("timed", sizeof(*obj), 0, 0, NULL);
		struct obj *timed = kmem_cache_zalloc(cache, GFP_KERNEL);

		timer_setup(&timed->timer, on_timer, 0);
		mod_timer(&timed->timer, jiffies + HZ);	/* SECOND 26 */
		kmem_cache_free(cache, timed);		/* BUG 26 misuse */
		kmem_cache_destroy(cache);
	}
#elif FAULT == 27
	{
		struct obj *timed = vzalloc(sizeof(*obj));

		timer_setup(&timed->timer, on_timer, 0);
		mod_timer(&timed->timer, jiffies + HZ);
		vfree(timed);	/* the next look at timers is an Oops besides */
	}
#elif FAULT == 22
	rcu_read_lock();
	kmem_synchronize_rcu();				/* BUG 22 deadlock */
	rcu_read_unlock();
#elif FAULT == 23
	wake_up(&((struct wait_queue_head *)table)[0]);	/* BUG 23 misuse */
#endif
	flush_work(&work);
	if (obj)
		kfree_rcu(obj, rcu);
	pr_info("tasks: ticks %d, restarts %d\n", ticks, restarts);
	return 0;
}

static void __exit task_exit(void)
{
	struct obj *obj = kzalloc(sizeof(*obj), GFP_KERNEL);

#if FAULT == 3
	schedule_delayed_work(&later, HZ);		/* BUG 3 leak */
#endif
#if FAULT == 4
	schedule_work(&work);				/* BUG 4 leak */
#endif
#if FAULT == 13
	msleep(20);
	kthread_stop(thread);				/* BUG 13 misuse */
#elif FAULT != 1
	if (kthread_stop(thread) != 3)
		pr_err("tasks: the thread's result is lost\n");
#endif
	hrtimer_cancel(&high);
	del_timer_sync(&timer);
#if FAULT == 2
	mod_timer(&timer, jiffies + HZ);		/* BUG 2 leak */
#endif
#if FAULT != 20
	destroy_workqueue(own);
#endif
#if FAULT != 21
	free_percpu(counters);
#endif
#if FAULT == 5
	tasklet_schedule(&tasklet);			/* BUG 5 leak */
#endif
#if FAULT == 5
	kfree(obj);
#else
	call_rcu(&obj->rcu, free_obj);			/* BUG 6 leak */
#endif
#if FAULT != 6 && FAULT != 5
	rcu_barrier();
#endif
}

module_init(task_init);
module_exit(task_exit);
MODULE_LICENSE("Dual MIT/GPL");
