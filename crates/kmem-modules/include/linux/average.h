/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A mean in which what is long ago counts less: exponentially weighted, with fixed points. */
#pragma once
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/log2.h>

#define DECLARE_EWMA(name, precision, weight_rcp)			\
	struct ewma_##name { unsigned long internal; };			\
	static inline void ewma_##name##_init(struct ewma_##name *e)	\
	{ e->internal = 0; }						\
	static inline unsigned long ewma_##name##_read(struct ewma_##name *e)	\
	{ return e->internal >> (precision); }				\
	static inline void ewma_##name##_add(struct ewma_##name *e, unsigned long val)	\
	{								\
		unsigned long was = e->internal, weight = ilog2(weight_rcp);	\
									\
		e->internal = was ? (((was << weight) - was) + (val << (precision))) >> weight	\
				  : val << (precision);			\
	}
