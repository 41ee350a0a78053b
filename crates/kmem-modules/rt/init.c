/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Start of the runtime, and memory of its own. */
#include <linux/cpumask.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <linux/panic.h>
#include "kasan.h"
#include "rt.h"

int oops_in_progress;
const struct cpumask *cpumask_of(unsigned int cpu)
{
	static struct cpumask single[KMEM_NR_CPUS];

	if (cpu >= KMEM_NR_CPUS)
		return &kmem_all_cpus;
	single[cpu].bits[BIT_WORD(cpu)] = BIT_MASK(cpu);
	return &single[cpu];
}

const struct cpumask kmem_all_cpus = { { (2UL << (KMEM_NR_CPUS - 1)) - 1 } };

#if defined(CONFIG_ARM)
#define MACHINE	"armv7l"
#elif defined(CONFIG_X86_64)
#define MACHINE	"x86_64"
#else
#define MACHINE	"i686"
#endif
#define UTSNAME	{ .sysname = "Linux", .nodename = "kmem", .release = KMEM_UTS_RELEASE, .version = "#1 SMP", .machine = MACHINE }

#if KMEM_ERA >= 60
struct uts_namespace init_uts_ns = { .name = UTSNAME };
#else
struct new_utsname system_utsname = UTSNAME;
#endif

void kmem_page_init(void);

int kmem_rt_init(void)
{
	kmem_kasan_init();
	kmem_page_init();
	kmem_sched_init();
	return 0;
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
