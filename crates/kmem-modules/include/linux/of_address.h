/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The register windows of a node. */
#pragma once
#include <linux/of.h>
#include <linux/ioport.h>

void __iomem *of_iomap(struct device_node *np, int index);
int of_address_to_resource(struct device_node *np, int index, struct resource *res);
