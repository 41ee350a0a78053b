/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a kernel says when it finds itself wrong. */
#pragma once
#include <linux/build_bug.h>
#include <linux/printk.h>
#include <kmem/host.h>

__printf(3, 4) void kmem_warn(const char *file, int line, const char *fmt, ...);

#define BUG()	kmem_host_bug(__FILE__, __LINE__)
#define BUG_ON(condition)	do { if (unlikely(condition)) BUG(); } while (0)
#define WARN_ON(condition) ({						\
	int __bad = !!(condition);					\
	if (unlikely(__bad))						\
		kmem_host_warn(__FILE__, __LINE__, (void *)0);		\
	unlikely(__bad); })

#define WARN_ON_ONCE(condition) ({					\
	static int __warned;						\
	int __bad_once = !!(condition);					\
	if (unlikely(__bad_once && !__warned)) {			\
		__warned = 1;						\
		kmem_host_warn(__FILE__, __LINE__, (void *)0);		\
	}								\
	unlikely(__bad_once); })

#if KMEM_ERA >= 60
#define WARN(condition, format...) ({					\
	int __bad = !!(condition);					\
	if (unlikely(__bad))						\
		kmem_warn(__FILE__, __LINE__, format);			\
	unlikely(__bad); })
#define WARN_ONCE(condition, format...) ({				\
	static int __warned;						\
	int __bad_once = !!(condition);					\
	if (unlikely(__bad_once && !__warned)) {			\
		__warned = 1;						\
		kmem_warn(__FILE__, __LINE__, format);			\
	}								\
	unlikely(__bad_once); })
#define WARN_TAINT(condition, taint, format...)	WARN(condition, format)
#define WARN_TAINT_ONCE(condition, taint, format...)	WARN_ONCE(condition, format)
#define WARN_ON_SMP(x)	WARN_ON(x)
#define VM_BUG_ON(condition)	((void)sizeof(!!(condition)))
#define VM_WARN_ON(condition)	((void)sizeof(!!(condition)))
#define CHECK_DATA_CORRUPTION(condition, addr, fmt...)	WARN(condition, fmt)
#endif
