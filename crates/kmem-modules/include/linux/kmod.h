/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Loading a module by name: there are no others. */
#pragma once
#include <linux/module.h>

/* a program in user space, which has none: as if there were no such file */
#define UMH_NO_WAIT	0
#define UMH_WAIT_EXEC	1
#define UMH_WAIT_PROC	2
#define call_usermodehelper(path, argv, envp, wait)	\
	((void)(path), (void)(argv), (void)(envp), (void)(wait), -ENOENT)

#define try_then_request_module(x, mod...)	((x) ?: (request_module(mod), (x)))
