/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices below a node of the device tree: there are none. */
#pragma once
#include <linux/of.h>
#include <linux/mod_devicetable.h>

#define of_platform_populate(root, matches, lookup, parent)	((void)(root), (void)(parent), 0)
#define devm_of_platform_populate(dev)	((void)(dev), 0)
#define of_platform_depopulate(dev)	((void)(dev))
