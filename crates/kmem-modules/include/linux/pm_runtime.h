/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Power management at run time, as a kernel without it has it: everything is always on. */
#pragma once
#include <linux/device.h>
#include <linux/pm.h>

#define pm_runtime_enable(dev)	((void)(dev))
#define pm_runtime_disable(dev)	((void)(dev))
#define devm_pm_runtime_enable(dev)	((void)(dev), 0)
#define pm_runtime_get(dev)	((void)(dev), 1)
#define pm_runtime_get_sync(dev)	((void)(dev), 1)
#define pm_runtime_resume_and_get(dev)	((void)(dev), 0)
#define pm_runtime_put(dev)	((void)(dev), 0)
#define pm_runtime_put_sync(dev)	((void)(dev), 0)
#define pm_runtime_put_autosuspend(dev)	((void)(dev), 0)
#define pm_runtime_put_noidle(dev)	((void)(dev))
#define pm_runtime_get_noresume(dev)	((void)(dev))
#define pm_runtime_set_active(dev)	((void)(dev), 0)
#define pm_runtime_set_suspended(dev)	((void)(dev), 0)
#define pm_runtime_mark_last_busy(dev)	((void)(dev))
#define pm_runtime_use_autosuspend(dev)	((void)(dev))
#define pm_runtime_dont_use_autosuspend(dev)	((void)(dev))
#define pm_runtime_set_autosuspend_delay(dev, ms)	((void)(dev), (void)(ms))
#define pm_runtime_suspended(dev)	((void)(dev), false)
#define pm_runtime_active(dev)	((void)(dev), true)
#define pm_runtime_enabled(dev)	((void)(dev), false)
