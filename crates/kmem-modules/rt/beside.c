/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A read or write that may wait while the script goes on: it runs in a task of its own. */
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include "rt.h"

struct job {
	int h, is_read, ended;
	char __user *buf;
	unsigned long n;
	long result;
};

static struct job jobs[16];

static int run_job(void *data)
{
	struct job *job = data;

	job->result = job->is_read ? kmem_fs_read(job->h, job->buf, job->n) : kmem_fs_write(job->h, job->buf, job->n);
	job->ended = 1;
	return 0;
}

long kmem_user_begin(int h, char __user *ubuf, unsigned long n, int is_read)
{
	struct task_struct *task;
	int i;

	if (!kmem_file_of(h))
		return -EBADF;
	for (i = 0; i < (int)ARRAY_SIZE(jobs) && jobs[i].buf; i++)
		;
	if (i == (int)ARRAY_SIZE(jobs))
		return -EAGAIN;
	jobs[i] = (struct job){ .h = h, .is_read = is_read, .buf = ubuf, .n = n };
	task = kmem_own_thread(run_job, &jobs[i], is_read ? "reader" : "writer");
	if (!task) {
		jobs[i].buf = NULL;
		return -ENOMEM;
	}
	task->flags &= ~PF_KTHREAD;
	wake_up_process(task);
	kmem_rt_idle();
	return i;
}

int kmem_user_ended(int job)
{
	return jobs[job].ended;
}

long kmem_user_result(int job)
{
	jobs[job].buf = NULL;
	return jobs[job].result;
}

/* whether a file is ready: the driver's answer; one without an answer is always */
long kmem_user_poll(int h)
{
	struct file *file = kmem_file_of(h);
	poll_table table = { .key = NULL };
	unsigned int mask = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

	if (!file)
		return -EBADF;
	if (file->f_op->poll)
		mask = (__force unsigned int)file->f_op->poll(file, &table);
	kmem_rt_idle();
	return mask & 0xffff;
}

/* asks to be told, or not any more; how often it was done since */
long kmem_user_fasync(int h, int on)
{
	struct file *file = kmem_file_of(h);
	long told, err = 0;

	if (!file)
		return -EBADF;
	told = file->f_owner.kmem_told;
	if (on)
		file->f_owner.kmem_told = 0;
	if (!!(file->f_flags & FASYNC) != on) {
		if (!file->f_op->fasync)
			return -ENOTTY;
		err = file->f_op->fasync(h + 3, file, on);
	}
	kmem_rt_idle();
	if (err < 0)
		return err;
	if (on)
		file->f_flags |= FASYNC;
	else
		file->f_flags &= ~FASYNC;
	return on ? 0 : told;
}
