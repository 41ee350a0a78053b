/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Asks whether an option is configured. */
#pragma once

#define __KMEM_ARG_1	0,
#define __kmem_second(ignored, value, ...)	value
#define __kmem_is_one(x)	__kmem_is_one_(x)
#define __kmem_is_one_(x)	__kmem_is_one__(__KMEM_ARG_##x)
#define __kmem_is_one__(maybe_comma)	__kmem_second(maybe_comma 1, 0)

#define IS_BUILTIN(option)	__kmem_is_one(option)
#define IS_MODULE(option)	__kmem_is_one(option##_MODULE)
#define IS_REACHABLE(option)	(IS_BUILTIN(option) || IS_MODULE(option))
#define IS_ENABLED(option)	(IS_BUILTIN(option) || IS_MODULE(option))
