/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checks at compile time. */
#pragma once
#include <linux/compiler.h>

#define BUILD_BUG_ON_ZERO(e, ...)	((int)(sizeof(struct { int:(-!!(e)); })))
#define BUILD_BUG_ON_NULL(e)	((void *)BUILD_BUG_ON_ZERO(e))
#define BUILD_BUG_ON_INVALID(e)	((void)(sizeof((__force long)(e))))
#define BUILD_BUG_ON_MSG(cond, msg)	compiletime_assert(!(cond), msg)
#define BUILD_BUG_ON(cond)	BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON failed: " #cond)
#define BUILD_BUG_ON_NOT_POWER_OF_2(n)	\
	BUILD_BUG_ON((n) == 0 || (((n) & ((n) - 1)) != 0))
#define BUILD_BUG()	BUILD_BUG_ON_MSG(1, "BUILD_BUG failed")

#if KMEM_ERA >= 60
#define __static_assert(expr, msg, ...)	_Static_assert(expr, msg)
#define static_assert(expr, ...)	__static_assert(expr, ##__VA_ARGS__, #expr)
#endif
