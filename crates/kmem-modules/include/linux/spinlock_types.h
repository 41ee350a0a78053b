/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A spin lock: 0 free, else the number of the task that holds it. A reader-writer lock: the number of readers, or -1 for a writer. */
#pragma once
#include <linux/compiler.h>

typedef struct spinlock {
	unsigned int locked;
} spinlock_t;

typedef struct {
	int count;
#if KMEM_ERA >= 60
	unsigned int wait_lock;
#endif
} rwlock_t;

#define __SPIN_LOCK_UNLOCKED(name)	(spinlock_t){ 0 }
#define __RW_LOCK_UNLOCKED(name)	(rwlock_t){ 0 }
#define DEFINE_SPINLOCK(name)	spinlock_t name = { 0 }
#define DEFINE_RWLOCK(name)	rwlock_t name = { 0 }

#if KMEM_ERA >= 60
typedef spinlock_t raw_spinlock_t;
typedef spinlock_t arch_spinlock_t;
#define __RAW_SPIN_LOCK_UNLOCKED(name)	(raw_spinlock_t){ 0 }
#define DEFINE_RAW_SPINLOCK(name)	raw_spinlock_t name = { 0 }
#endif
#if LINUX_VERSION_CODE < 0x020627
#define SPIN_LOCK_UNLOCKED	(spinlock_t){ 0 }
#define RW_LOCK_UNLOCKED	(rwlock_t){ 0 }
#endif
