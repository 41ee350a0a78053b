/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Completions: one waits until another says that it is done. */
#pragma once
#include <linux/wait.h>

struct completion {
	unsigned int done;
	wait_queue_head_t wait;
};

#define COMPLETION_INITIALIZER(name)	{ 0, __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) }
#define DECLARE_COMPLETION(name)	struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name)	DECLARE_COMPLETION(name)
#define COMPLETION_INITIALIZER_ONSTACK(name)	COMPLETION_INITIALIZER(name)
#define INIT_COMPLETION(x)	((x).done = 0)

static inline void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

static inline void reinit_completion(struct completion *x)
{
	x->done = 0;
}

void complete(struct completion *x);
void complete_all(struct completion *x);
int try_wait_for_completion(struct completion *x);
int completion_done(struct completion *x);
void kmem_wait_for_completion(struct completion *x);
unsigned long kmem_wait_for_completion_timeout(struct completion *x, unsigned long timeout);
void complete_and_exit(struct completion *x, long code) __noreturn;

#define wait_for_completion(x)	do { might_sleep(); kmem_wait_for_completion(x); } while (0)
#define wait_for_completion_io(x)	wait_for_completion(x)
#define wait_for_completion_interruptible(x)	({ wait_for_completion(x); 0; })
#define wait_for_completion_killable(x)	({ wait_for_completion(x); 0; })
#define wait_for_completion_timeout(x, timeout)	\
	({ might_sleep(); kmem_wait_for_completion_timeout(x, timeout); })
#define wait_for_completion_interruptible_timeout(x, timeout)	\
	((long)wait_for_completion_timeout(x, timeout))
#define wait_for_completion_killable_timeout(x, timeout)	\
	((long)wait_for_completion_timeout(x, timeout))
#define wait_for_completion_io_timeout(x, timeout)	wait_for_completion_timeout(x, timeout)
