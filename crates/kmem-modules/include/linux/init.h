/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What runs at load and unload. Nothing is thrown away after it, so the sections have no meaning here. */
#pragma once
#include <linux/compiler.h>
#include <linux/stringify.h>

#define __init
#define __initdata
#define __initconst
#define __exit		__maybe_unused
#define __exitdata
#define __exitconst
#define __devinit
#define __devinitdata
#define __devinitconst
#define __devexit
#define __devexitdata
#define __devexit_p(x)	x
#define __exit_p(x)	x
#define __meminit
#define __meminitdata
#define __cpuinit
#define __cpuinitdata
#define __ref
#define __refdata
#define __refconst

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

#define module_init(fn)							\
	static inline initcall_t __maybe_unused __inittest(void)	\
	{ return fn; }							\
	int init_module(void) __attribute__((__copy__(fn), __alias__(#fn)));
#define module_exit(fn)							\
	static inline exitcall_t __maybe_unused __exittest(void)	\
	{ return fn; }							\
	void cleanup_module(void) __attribute__((__copy__(fn), __alias__(#fn)));

#define early_initcall(fn)	module_init(fn)
#define core_initcall(fn)	module_init(fn)
#define postcore_initcall(fn)	module_init(fn)
#define arch_initcall(fn)	module_init(fn)
#define subsys_initcall(fn)	module_init(fn)
#define fs_initcall(fn)		module_init(fn)
#define rootfs_initcall(fn)	module_init(fn)
#define device_initcall(fn)	module_init(fn)
#define late_initcall(fn)	module_init(fn)
#define __initcall(fn)		module_init(fn)
#define __exitcall(fn)		module_exit(fn)
