/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The interrupts of a node. */
#pragma once
#include <linux/of.h>

unsigned int irq_of_parse_and_map(struct device_node *np, int index);
int of_irq_get(struct device_node *np, int index);
#define of_irq_get_byname(np, name)	of_irq_get((np), 0)
#define irq_dispose_mapping(irq)	((void)(irq))
