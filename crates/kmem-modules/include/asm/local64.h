/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The same with 64 bits. */
#pragma once
#include <linux/atomic.h>

typedef struct {
	atomic64_t a;
} local64_t;

#define LOCAL64_INIT(i)	{ ATOMIC64_INIT(i) }
#define local64_read(l)	atomic64_read(&(l)->a)
#define local64_set(l, i)	atomic64_set(&(l)->a, (i))
#define local64_inc(l)	atomic64_inc(&(l)->a)
#define local64_add(i, l)	atomic64_add((i), &(l)->a)
#define local64_inc_return(l)	atomic64_inc_return(&(l)->a)
