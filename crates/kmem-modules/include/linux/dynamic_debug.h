/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pr_debug() is compiled by DEBUG alone: it cannot be switched at run time here. */
#pragma once
#include <linux/printk.h>

#define DEFINE_DYNAMIC_DEBUG_METADATA(name, fmt)
#define DYNAMIC_DEBUG_BRANCH(descriptor)	false
#define dynamic_pr_debug(fmt, args...)	pr_debug(fmt, ##args)
