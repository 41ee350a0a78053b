/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Complains at compile time when a value has another type. */
#pragma once

#define typecheck(type, x) ({			\
	type __wanted;				\
	__typeof__(x) __given;			\
	(void)(&__wanted == &__given);		\
	1; })
#define typecheck_pointer(x) ({			\
	__typeof__(x) __given;			\
	(void)sizeof(*__given);			\
	1; })
#define typecheck_fn(type, function) ({		\
	__typeof__(type) __wanted = function;	\
	(void)__wanted; })
