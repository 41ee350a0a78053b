/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Call chains, by frame pointers: each points to the caller's, and behind it lies where the caller goes on. */
#if KMEM_ERA >= 60
#include <linux/kernel.h>
#include <linux/stacktrace.h>
#include <kmem/host.h>

static int is_code(unsigned long addr)
{
	char name[8];

	return kmem_host_symbol(addr - 1, name, sizeof(name), 0) > 0 && strncmp(name, "0x", 2) != 0;
}

unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip)
{
	unsigned long *frame = __builtin_frame_address(0);
	unsigned int n = 0;

	while (n < size && is_code(frame[1])) {
		unsigned long *next = (unsigned long *)frame[0];

		if (skip)
			skip--;
		else
			store[n++] = frame[1];
		/* the stack grows downwards, and no frame is larger than it */
		if (next <= frame || next - frame > 2 * PAGE_SIZE / sizeof(*frame))
			break;
		frame = next;
	}
	return n;
}

void stack_trace_print(const unsigned long *entries, unsigned int n, int spaces)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		printk("%*c%pS\n", 1 + spaces, ' ', (void *)entries[i]);
}

int stack_trace_snprint(char *buf, size_t size, const unsigned long *entries, unsigned int n, int spaces)
{
	unsigned int i;
	int total = 0;

	for (i = 0; i < n && size; i++) {
		int len = snprintf(buf, size, "%*c%pS\n", 1 + spaces, ' ', (void *)entries[i]);

		total += len;
		if (len >= size)
			break;
		buf += len;
		size -= len;
	}
	return total;
}
#endif
