/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interrupts off and on: a word that the checks look at. */
#pragma once
#include <linux/typecheck.h>
#include <kmem/context.h>

#define KMEM_FLAGS_IF	0x200UL	/* as in the x86 flags word */

static __always_inline void kmem_irqs_off(void)
{
	if (kmem_irqs_disabled)
		return;
	kmem_here(kmem_irqs_code);
	kmem_irqs_disabled = 1;
}

#define local_irq_disable()	kmem_irqs_off()
#define local_irq_enable()	((void)(kmem_irqs_disabled = 0))
#define local_save_flags(flags) do {					\
	(void)typecheck(unsigned long, flags);				\
	(flags) = kmem_irqs_disabled ? 0 : KMEM_FLAGS_IF;		\
} while (0)
#define local_irq_save(flags) do {					\
	local_save_flags(flags);					\
	kmem_irqs_off();						\
} while (0)
#define local_irq_restore(flags) do {					\
	(void)typecheck(unsigned long, flags);				\
	kmem_irqs_disabled = !((flags) & KMEM_FLAGS_IF);		\
} while (0)
#define irqs_disabled()	(kmem_irqs_disabled != 0)
#define irqs_disabled_flags(flags)	(!((flags) & KMEM_FLAGS_IF))
#define raw_local_irq_save(flags)	local_irq_save(flags)
#define raw_local_irq_restore(flags)	local_irq_restore(flags)
#define raw_irqs_disabled()	irqs_disabled()
#define safe_halt()	local_irq_enable()
