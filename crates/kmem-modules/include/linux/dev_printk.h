/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The log, with the device's name in front. */
#pragma once
#include <linux/printk.h>

struct device;

__printf(3, 4) void kmem_dev_printk(const char *level, const struct device *dev, const char *fmt, ...);

#if KMEM_ERA >= 60
#ifndef dev_fmt
#define dev_fmt(fmt)	fmt
#endif
#else
#define dev_fmt(fmt)	fmt
#endif

#define dev_printk(level, dev, fmt, args...)	kmem_dev_printk(level, dev, fmt, ##args)
#define dev_emerg(dev, fmt, args...)	kmem_dev_printk(KERN_EMERG, dev, dev_fmt(fmt), ##args)
#define dev_alert(dev, fmt, args...)	kmem_dev_printk(KERN_ALERT, dev, dev_fmt(fmt), ##args)
#define dev_crit(dev, fmt, args...)	kmem_dev_printk(KERN_CRIT, dev, dev_fmt(fmt), ##args)
#define dev_err(dev, fmt, args...)	kmem_dev_printk(KERN_ERR, dev, dev_fmt(fmt), ##args)
#define dev_warn(dev, fmt, args...)	kmem_dev_printk(KERN_WARNING, dev, dev_fmt(fmt), ##args)
#define dev_notice(dev, fmt, args...)	kmem_dev_printk(KERN_NOTICE, dev, dev_fmt(fmt), ##args)
#define dev_info(dev, fmt, args...)	kmem_dev_printk(KERN_INFO, dev, dev_fmt(fmt), ##args)
#ifdef DEBUG
#define dev_dbg(dev, fmt, args...)	kmem_dev_printk(KERN_DEBUG, dev, dev_fmt(fmt), ##args)
#else
#define dev_dbg(dev, fmt, args...)	\
	({ if (0) kmem_dev_printk(KERN_DEBUG, dev, dev_fmt(fmt), ##args); })
#endif
#if KMEM_ERA >= 60
#define dev_err_once(dev, fmt, args...)	\
	({ static int __printed; if (!__printed) { __printed = 1; dev_err(dev, fmt, ##args); } })
#define dev_warn_once(dev, fmt, args...)	\
	({ static int __printed; if (!__printed) { __printed = 1; dev_warn(dev, fmt, ##args); } })
#define dev_info_once(dev, fmt, args...)	\
	({ static int __printed; if (!__printed) { __printed = 1; dev_info(dev, fmt, ##args); } })
#define dev_err_ratelimited(dev, fmt, args...)	dev_err(dev, fmt, ##args)
#define dev_warn_ratelimited(dev, fmt, args...)	dev_warn(dev, fmt, ##args)
#define dev_info_ratelimited(dev, fmt, args...)	dev_info(dev, fmt, ##args)
#define dev_err_probe(dev, err, fmt, args...)	\
	({ int __err = (err); dev_err(dev, "error %pe: " fmt, ERR_PTR(__err), ##args); __err; })
#define dev_WARN(dev, fmt, args...)	WARN(1, "%s: " fmt, dev_name(dev), ##args)
#endif
