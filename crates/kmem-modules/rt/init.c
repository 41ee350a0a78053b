/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Start of the runtime, the context and the current task. */
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <linux/panic.h>
#include "rt.h"

int kmem_preempt_count;
int kmem_irqs_disabled;
int oops_in_progress;

struct task_struct kmem_current = {
	.pid = 100,
	.tgid = 100,
	.prio = 120,
	.static_prio = 120,
	.parent = &kmem_current,
	.group_leader = &kmem_current,
	.comm = "insmod",
};

struct new_utsname system_utsname = {
	.sysname = "Linux",
	.nodename = "kmem",
	.release = KMEM_UTS_RELEASE,
	.version = "#1 SMP",
#if defined(CONFIG_ARM)
	.machine = "armv7l",
#elif defined(CONFIG_X86_64)
	.machine = "x86_64",
#else
	.machine = "i686",
#endif
};

void kmem_page_init(void);

int kmem_rt_init(void)
{
	kmem_page_init();
	return 0;
}

void kmem_rt_set_current(const char *comm, int pid)
{
	size_t len = strnlen(comm, TASK_COMM_LEN - 1);

	memcpy(kmem_current.comm, comm, len);
	kmem_current.comm[len] = '\0';
	kmem_current.pid = pid;
	kmem_current.tgid = pid;
}

void *kmem_rt_zalloc(size_t size)
{
	void *p = kmem_host_rt_alloc(size);

	return p ? memset(p, 0, size) : NULL;
}

char *kmem_rt_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *p = kmem_host_rt_alloc(size);

	return p ? memcpy(p, s, size) : NULL;
}
