/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What nearly every source includes: numbers, strings, the log. */
#pragma once
#include <linux/stdarg.h>
#include <linux/align.h>
#include <linux/args.h>
#include <linux/array_size.h>
#include <linux/limits.h>
#include <linux/linkage.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/container_of.h>
#include <linux/bitops.h>
#include <linux/hex.h>
#include <linux/kconfig.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/typecheck.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/build_bug.h>
#include <linux/bug.h>
#include <linux/stringify.h>
#include <linux/string.h>
#include <linux/instruction_pointer.h>
#include <asm/byteorder.h>
#include <kmem/context.h>

#define STACK_MAGIC	0xdeadbeef

#if KMEM_ERA >= 60
#define REPEAT_BYTE(x)	((~0ul / 0xff) * (x))
#define PTR_IF(cond, ptr)	((cond) ? (ptr) : NULL)
#define u64_to_user_ptr(x)	((void __user *)(uintptr_t)(u64)(x))
#define upper_32_bits(n)	((u32)(((n) >> 16) >> 16))
#define lower_32_bits(n)	((u32)((n) & 0xffffffff))
#define upper_16_bits(n)	((u16)((n) >> 16))
#define lower_16_bits(n)	((u16)((n) & 0xffff))
#define trace_printk(fmt, args...)	({ if (0) printk(fmt, ##args); 0; })
#define trace_puts(str)	((void)(str))
#define tracing_on()	do { } while (0)
#define tracing_off()	do { } while (0)
#define VERIFY_OCTAL_PERMISSIONS(perms)	(perms)

enum system_states {
	SYSTEM_BOOTING,
	SYSTEM_SCHEDULING,
	SYSTEM_FREEING_INITMEM,
	SYSTEM_RUNNING,
	SYSTEM_HALT,
	SYSTEM_POWER_OFF,
	SYSTEM_RESTART,
	SYSTEM_SUSPEND,
};
#define system_state	SYSTEM_RUNNING
#endif

#if LINUX_VERSION_CODE < 0x050000
#define FIELD_SIZEOF(t, f)	(sizeof(((t *)0)->f))
#endif
