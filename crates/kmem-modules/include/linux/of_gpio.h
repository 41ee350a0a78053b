/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lines of a chip by a property of a node of the device tree. */
#pragma once
#include <linux/gpio.h>
#include <linux/of.h>

static inline int of_get_named_gpio(const struct device_node *np, const char *name, int index)
{
	u32 number;

	if (of_property_read_u32_index(np, name, index, &number))
		return -ENOENT;
	return gpio_is_valid(number) ? (int)number : -EINVAL;
}

#define of_get_gpio(np, index)	of_get_named_gpio((np), "gpios", (index))
