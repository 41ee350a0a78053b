/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counters that only their own CPU touches. */
#pragma once
#include <linux/atomic.h>

typedef struct {
	atomic_long_t a;
} local_t;

#define LOCAL_INIT(i)	{ ATOMIC_LONG_INIT(i) }
#define local_read(l)	atomic_long_read(&(l)->a)
#define local_set(l, i)	atomic_long_set(&(l)->a, (i))
#define local_inc(l)	atomic_long_inc(&(l)->a)
#define local_dec(l)	atomic_long_dec(&(l)->a)
#define local_add(i, l)	atomic_long_add((i), &(l)->a)
#define local_sub(i, l)	atomic_long_sub((i), &(l)->a)
#define local_inc_return(l)	atomic_long_inc_return(&(l)->a)
#define local_add_return(i, l)	atomic_long_add_return((i), &(l)->a)
#define local_dec_and_test(l)	atomic_long_dec_and_test(&(l)->a)
