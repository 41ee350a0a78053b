/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls whose target is changed seldom: here through a pointer. */
#pragma once
#include <linux/compiler.h>

#define STATIC_CALL_NAME(name)	__static_call_##name
#define DECLARE_STATIC_CALL(name, function)	extern __typeof__(&function) STATIC_CALL_NAME(name)
#define DEFINE_STATIC_CALL(name, function)	__typeof__(&function) STATIC_CALL_NAME(name) = function
#define DEFINE_STATIC_CALL_NULL(name, function)	__typeof__(&function) STATIC_CALL_NAME(name)
#define EXPORT_STATIC_CALL(name)
#define EXPORT_STATIC_CALL_GPL(name)
#define static_call(name)	(STATIC_CALL_NAME(name))
#define static_call_query(name)	(STATIC_CALL_NAME(name))
#define static_call_update(name, function)	((void)(STATIC_CALL_NAME(name) = (function)))
#define static_call_cond(name)	if (STATIC_CALL_NAME(name)) (STATIC_CALL_NAME(name))
