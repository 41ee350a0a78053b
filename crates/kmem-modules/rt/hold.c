/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a module has registered or set going: told to the host with a name. */
#include <linux/sprintf.h>
#include "rt.h"

void kmem_hold(unsigned int kind, const void *key, const char *fmt, ...)
{
	static char name[128];
	va_list args;

	va_start(args, fmt);
	vscnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	kmem_host_hold(kind, key, name, NULL);
}
