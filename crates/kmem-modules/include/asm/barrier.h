/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Order between memory accesses. */
#pragma once
#include <linux/compiler.h>

#define mb()	__sync_synchronize()
#define rmb()	mb()
#define wmb()	mb()
#define smp_mb()	mb()
#define smp_rmb()	barrier()
#define smp_wmb()	barrier()
#define dma_rmb()	barrier()
#define dma_wmb()	barrier()
#define read_barrier_depends()	do { } while (0)
#define smp_read_barrier_depends()	do { } while (0)
#define smp_mb__before_atomic()	barrier()
#define smp_mb__after_atomic()	barrier()
#define smp_mb__before_atomic_dec()	barrier()
#define smp_mb__after_atomic_dec()	barrier()
#define smp_mb__before_atomic_inc()	barrier()
#define smp_mb__after_atomic_inc()	barrier()
#define smp_mb__after_spinlock()	barrier()
#define set_mb(var, value)	do { (var) = (value); mb(); } while (0)
#define smp_store_mb(var, value)	do { WRITE_ONCE(var, value); mb(); } while (0)
#define smp_store_release(p, v)	do { barrier(); WRITE_ONCE(*(p), v); } while (0)
#define smp_load_acquire(p)	({ __typeof__(*(p)) __v = READ_ONCE(*(p)); barrier(); __v; })
