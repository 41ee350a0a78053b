/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which blocks of the modules' code have run: code compiled with -fsanitize-coverage=trace-pc calls this at the start of
 * each, and the host has set up a byte for every address of the code.
 */
#include <linux/types.h>

unsigned char *kmem_rt_ran;
unsigned long kmem_rt_ran_base, kmem_rt_ran_bytes;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	unsigned long at = (unsigned long)__builtin_return_address(0) - kmem_rt_ran_base;

	if (at < kmem_rt_ran_bytes)
		kmem_rt_ran[at] = 1;
}
