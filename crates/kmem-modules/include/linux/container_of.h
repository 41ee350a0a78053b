/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From a member to the structure around it. */
#pragma once
#include <linux/build_bug.h>
#include <linux/stddef.h>

#define container_of(ptr, type, member) ({				\
	void *__inner = (void *)(ptr);					\
	_Static_assert(__same_type(*(ptr), ((type *)0)->member) ||	\
		       __same_type(*(ptr), void),			\
		       "container_of: the pointer is not of the member's type"); \
	(type *)(__inner - offsetof(type, member)); })

#if KMEM_ERA >= 60
#define container_of_const(ptr, type, member)				\
	_Generic(ptr,							\
		const __typeof__(*(ptr)) *: (const type *)container_of(ptr, type, member), \
		default: (type *)container_of(ptr, type, member))
#define typeof_member(T, m)	__typeof__(((T *)0)->m)
#endif
