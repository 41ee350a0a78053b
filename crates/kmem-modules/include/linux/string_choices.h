/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Words for a yes or a no. */
#pragma once
#if KMEM_ERA < 60
#error linux/string_choices.h came after 2.6.18
#endif
#include <linux/types.h>

#define __KMEM_CHOICE(name, yes, no)	\
	static inline const char *name(bool v) { return v ? yes : no; }
__KMEM_CHOICE(str_yes_no, "yes", "no")
__KMEM_CHOICE(str_on_off, "on", "off")
__KMEM_CHOICE(str_enable_disable, "enable", "disable")
__KMEM_CHOICE(str_enabled_disabled, "enabled", "disabled")
__KMEM_CHOICE(str_true_false, "true", "false")
__KMEM_CHOICE(str_up_down, "up", "down")
__KMEM_CHOICE(str_high_low, "high", "low")
__KMEM_CHOICE(str_read_write, "read", "write")
#undef __KMEM_CHOICE
#define str_plural(num)	((num) == 1 ? "" : "s")
