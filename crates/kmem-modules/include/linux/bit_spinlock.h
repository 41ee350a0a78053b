/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A spin lock in a bit of a word. */
#pragma once
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/preempt.h>

static inline void bit_spin_lock(int bit, unsigned long *addr)
{
	preempt_disable();
	if (test_and_set_bit(bit, addr))
		kmem_host_stuck("bit_spin_lock: the bit is set, and nobody is there to clear it");
}

static inline int bit_spin_trylock(int bit, unsigned long *addr)
{
	preempt_disable();
	if (!test_and_set_bit(bit, addr))
		return 1;
	preempt_enable();
	return 0;
}

static inline void bit_spin_unlock(int bit, unsigned long *addr)
{
	BUG_ON(!test_bit(bit, addr));
	clear_bit(bit, addr);
	preempt_enable();
}

#define __bit_spin_unlock(bit, addr)	bit_spin_unlock(bit, addr)

static inline int bit_spin_is_locked(int bit, unsigned long *addr)
{
	return test_bit(bit, addr);
}
