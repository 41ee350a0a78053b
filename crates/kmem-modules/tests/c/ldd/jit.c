/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Ways to let time pass and to put work off, each a file of /proc: busy waiting, giving the CPU away, sleeping with a
 * timeout, timers, tasklets.
 */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <linux/wait.h>

static int delay = HZ / 4;
module_param(delay, int, 0);
static int step = 3;
module_param(step, int, 0);

/* what is measured of one way */
static const char *const ways[] = { "busy", "sched", "queue", "schedto", "msleep" };

static void let_pass(int way)
{
	unsigned long end = jiffies + delay;
	wait_queue_head_t wait;

	init_waitqueue_head(&wait);
	switch (way) {
	case 0:
		while (time_before(jiffies, end))
			cpu_relax();
		break;
	case 1:
		while (time_before(jiffies, end))
			schedule();
		break;
	case 2:
		wait_event_interruptible_timeout(wait, 0, delay);
		break;
	case 3:
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout(delay);
		break;
	default:
		msleep(1000 / HZ * delay);
	}
}

/* five lines of a timer or a tasklet that puts itself off again */
struct later {
	struct timer_list timer;
	struct tasklet_struct tasklet;
	wait_queue_head_t wait;
	unsigned long began, last;
	char *buf;
	int len, loops, is_tasklet;
};

static void note(struct later *it)
{
	unsigned long now = jiffies;

	it->len += sprintf(it->buf + it->len, "%4lu %3lu %d %s\n", now - it->began, now - it->last,
			   in_interrupt() ? 1 : 0, in_interrupt() ? "later" : current->comm);
	it->last = now;
}

static void go_on(struct later *it)
{
	note(it);
	if (!--it->loops)
		wake_up_interruptible(&it->wait);
	else if (it->is_tasklet)
		tasklet_schedule(&it->tasklet);
	else
		mod_timer(&it->timer, jiffies + step);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 15, 0)
static void on_timer(struct timer_list *t)
{
	go_on(from_timer((struct later *)NULL, t, timer));
}
#else
static void on_timer(unsigned long arg)
{
	go_on((struct later *)arg);
}
#endif

static void on_tasklet(unsigned long arg)
{
	go_on((struct later *)arg);
}

static int run_later(char *buf, int is_tasklet)
{
	struct later *it = kmalloc(sizeof(*it), GFP_KERNEL);
	int len;

	if (!it)
		return -ENOMEM;
	memset(it, 0, sizeof(*it));
	it->buf = buf;
	it->is_tasklet = is_tasklet;
	it->loops = 5;
	it->began = it->last = jiffies;
	init_waitqueue_head(&it->wait);
	tasklet_init(&it->tasklet, on_tasklet, (unsigned long)it);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 15, 0)
	timer_setup(&it->timer, on_timer, 0);
#else
	init_timer(&it->timer);
	it->timer.function = on_timer;
	it->timer.data = (unsigned long)it;
#endif
	note(it);
	if (is_tasklet) {
		tasklet_schedule(&it->tasklet);
	} else {
		it->timer.expires = jiffies + step;
		add_timer(&it->timer);
	}
	wait_event_interruptible(it->wait, !it->loops);
	tasklet_kill(&it->tasklet);
	del_timer_sync(&it->timer);
	len = it->len;
	kfree(it);
	return len;
}

static int run_way(char *buf, int way)
{
	unsigned long began = jiffies, passed;

	let_pass(way);
	passed = jiffies - began;
	return sprintf(buf, "%s: at least %d: %s, by %s\n", ways[way], delay,
		       passed >= delay && passed <= delay + 2 ? "yes" : "no", current->comm);
}

static int report(char *buf, long what)
{
	return what < 5 ? run_way(buf, what) : run_later(buf, what == 6);
}

static const char *const names[] = {
	"jitbusy", "jitsched", "jitqueue", "jitschedto", "jitmsleep", "jitimer", "jitasklet",
};

#if LINUX_VERSION_CODE >= KERNEL_VERSION(4, 0, 0)
static int show(struct seq_file *m, void *v)
{
	char *buf = kmalloc(1024, GFP_KERNEL);
	int len;

	if (!buf)
		return -ENOMEM;
	len = report(buf, (long)m->private);
	if (len > 0)
		seq_write(m, buf, len);
	kfree(buf);
	return len < 0 ? len : 0;
}

static int __init jit_init(void)
{
	long i;

	for (i = 0; i < 7; i++)
		if (!proc_create_single_data(names[i], 0, NULL, show, (void *)i))
			return -ENOMEM;
	return 0;
}
#else
static int read_jit(char *page, char **start, off_t offset, int count, int *eof, void *data)
{
	*eof = 1;
	return offset ? 0 : report(page, (long)data);
}

static int __init jit_init(void)
{
	long i;

	for (i = 0; i < 7; i++)
		if (!create_proc_read_entry(names[i], 0, NULL, read_jit, (void *)i))
			return -ENOMEM;
	return 0;
}
#endif

static void __exit jit_exit(void)
{
	int i;

	for (i = 0; i < 7; i++)
		remove_proc_entry(names[i], NULL);
}

module_init(jit_init);
module_exit(jit_exit);
MODULE_LICENSE("Dual MIT/GPL");
