/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The log: what is printed, and the ways in which a kernel complains. */
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include "rt.h"

static char line[1024];

int console_printk[4] = { 7, 4, 1, 7 };

int vprintk(const char *fmt, va_list args)
{
	int len = vscnprintf(line, sizeof(line), fmt, args);

	kmem_host_printk(line, len);
#if KMEM_ERA >= 60
	if (line[0] == KERN_SOH_ASCII && len >= 2)
		len -= 2;
#endif
	return len;
}

int printk(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vprintk(fmt, args);
	va_end(args);
	return len;
}

void kmem_dev_printk(const char *level, const struct device *dev, const char *fmt, ...)
{
	const char *driver = !dev ? "" : dev->driver ? dev->driver->name : dev->bus ? dev->bus->name :
		dev->class ? dev->class->name : "";
	va_list args;
	int len;

	if (dev)
		len = scnprintf(line, sizeof(line), "%s%s %s: ", level, driver, dev_name(dev));
	else
		len = scnprintf(line, sizeof(line), "%s(NULL device *): ", level);
	va_start(args, fmt);
	len += vscnprintf(line + len, sizeof(line) - len, fmt, args);
	va_end(args);
	kmem_host_printk(line, len);
}

void kmem_warn(const char *file, int where, const char *fmt, ...)
{
	/* Not the log's buffer: a format may be complained of while its line is being written. */
	static char warning[256];
	va_list args;

	va_start(args, fmt);
	vscnprintf(warning, sizeof(warning), fmt, args);
	va_end(args);
	kmem_host_warn(file, where, warning);
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	kmem_host_panic(line);
}

int sprint_symbol(char *buffer, unsigned long address)
{
	return kmem_host_symbol(address, buffer, KSYM_SYMBOL_LEN, 1);
}

int sprint_symbol_no_offset(char *buffer, unsigned long address)
{
	return kmem_host_symbol(address, buffer, KSYM_SYMBOL_LEN, 0);
}
