/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a driver does when the machine sleeps, which it never does. */
#pragma once
#include <linux/compiler.h>

struct device;
typedef struct pm_message { int event; } pm_message_t;
#define PMSG_SUSPEND	((struct pm_message){ 2 })
#define PMSG_ON		((struct pm_message){ 0 })

struct dev_pm_ops {
	int (*prepare)(struct device *dev);
	void (*complete)(struct device *dev);
	int (*suspend)(struct device *dev);
	int (*resume)(struct device *dev);
	int (*freeze)(struct device *dev);
	int (*thaw)(struct device *dev);
	int (*poweroff)(struct device *dev);
	int (*restore)(struct device *dev);
	int (*suspend_noirq)(struct device *dev);
	int (*resume_noirq)(struct device *dev);
	int (*runtime_suspend)(struct device *dev);
	int (*runtime_resume)(struct device *dev);
	int (*runtime_idle)(struct device *dev);
};

#define SET_SYSTEM_SLEEP_PM_OPS(on, off)	.suspend = (on), .resume = (off),
#define SYSTEM_SLEEP_PM_OPS(on, off)	.suspend = (on), .resume = (off),
#define SET_RUNTIME_PM_OPS(on, off, idle)	.runtime_suspend = (on), .runtime_resume = (off), .runtime_idle = (idle),
#define RUNTIME_PM_OPS(on, off, idle)	SET_RUNTIME_PM_OPS(on, off, idle)
#define SIMPLE_DEV_PM_OPS(name, on, off)	\
	const struct dev_pm_ops __maybe_unused name = { SET_SYSTEM_SLEEP_PM_OPS(on, off) }
#define DEFINE_SIMPLE_DEV_PM_OPS(name, on, off)	SIMPLE_DEV_PM_OPS(name, on, off)
#define UNIVERSAL_DEV_PM_OPS(name, on, off, idle)	\
	const struct dev_pm_ops __maybe_unused name = { SET_SYSTEM_SLEEP_PM_OPS(on, off) SET_RUNTIME_PM_OPS(on, off, idle) }
#define pm_ptr(ptr)	(ptr)
#define pm_sleep_ptr(ptr)	(ptr)
