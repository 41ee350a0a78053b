/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What makes a source a module. */
#pragma once
#include <linux/list.h>
#include <linux/stat.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/errno.h>
#include <linux/stringify.h>
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/gfp.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/atomic.h>
#include <asm/processor.h>
#include <linux/timer.h>
#include <linux/string.h>
#if KMEM_ERA < 60
#include <linux/version.h>
#else
#include <linux/xarray.h>
#endif

#define MODULE_NAME_LEN	(64 - sizeof(unsigned long))

#define MODULE_GENERIC_TABLE(gtype, name)
#define MODULE_DEVICE_TABLE(type, name)
#define MODULE_ALIAS(text)	MODULE_INFO(alias, text)
#define MODULE_SOFTDEP(text)	MODULE_INFO(softdep, text)
#define MODULE_LICENSE(text)	MODULE_INFO(license, text)
#define MODULE_AUTHOR(text)	MODULE_INFO(author, text)
#define MODULE_DESCRIPTION(text)	MODULE_INFO(description, text)
#define MODULE_VERSION(text)	MODULE_INFO(version, text)
#define MODULE_FIRMWARE(text)	MODULE_INFO(firmware, text)
#define MODULE_SUPPORTED_DEVICE(text)	MODULE_INFO(device, text)
#define MODULE_IMPORT_NS(ns)	MODULE_INFO(import_ns, __stringify(ns))
#define MODULE_ALIAS_CHARDEV(major, minor)	\
	MODULE_ALIAS("char-major-" __stringify(major) "-" __stringify(minor))
#define MODULE_ALIAS_CHARDEV_MAJOR(major)	\
	MODULE_ALIAS("char-major-" __stringify(major) "-*")
#define MODULE_ALIAS_MISCDEV(minor)	MODULE_ALIAS_CHARDEV(10, minor)

/* the check at the end tells what a module left behind, so nobody needs to be counted */
static inline int try_module_get(struct module *module)
{
	return 1;
}

static inline void module_put(struct module *module) { }
static inline void __module_get(struct module *module) { }

static inline int module_refcount(struct module *module)
{
	return 1;
}

static inline int module_is_live(struct module *module)
{
	return module->state != MODULE_STATE_GOING;
}

#define module_name(mod)	({ struct module *__m = (mod); __m ? __m->name : "kernel"; })
#define symbol_get(x)	(&(x))
#define symbol_put(x)	do { } while (0)
#define symbol_request(x)	symbol_get(x)
#define request_module(fmt...)	(-ENOSYS)
#define request_module_nowait(fmt...)	(-ENOSYS)
#define SET_MODULE_OWNER(dev)	((dev)->owner = THIS_MODULE)
#define print_modules()	do { } while (0)
