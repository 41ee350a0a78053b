/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is undone when its block is left. */
#pragma once
#include <linux/compiler.h>

#if KMEM_ERA >= 60
#define DEFINE_FREE(name, type, action)	\
	static inline void __free_##name(void *p) { type _T = *(type *)p; action; }
#define __free(name)	__cleanup(__free_##name)
#define no_free_ptr(p)	({ __auto_type __p = (p); (p) = NULL; __p; })
#define return_ptr(p)	return no_free_ptr(p)
#define retain_and_null_ptr(p)	((void)no_free_ptr(p))

#define DEFINE_CLASS(name, type, exit, init, init_args...)		\
	typedef type class_##name##_t;					\
	static inline void class_##name##_destructor(type *p)		\
	{ type _T = *p; exit; }						\
	static inline type class_##name##_constructor(init_args)	\
	{ type t = init; return t; }
#define CLASS(name, var)						\
	class_##name##_t var __cleanup(class_##name##_destructor) =	\
		class_##name##_constructor

#define DEFINE_GUARD(name, type, lock, unlock)				\
	DEFINE_CLASS(name, type, if (_T) { unlock; }, ({ lock; _T; }), type _T)
#define guard(name)	CLASS(name, __UNIQUE_ID(guard))
#define scoped_guard(name, args...)					\
	for (CLASS(name, __scope)(args), *__once = (void *)1; __once; __once = NULL)
#endif
