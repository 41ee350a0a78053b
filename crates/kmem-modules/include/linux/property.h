/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Properties of a device, wherever they come from: here always from its node of the device tree. */
#pragma once
#include <linux/types.h>
#include <linux/errno.h>

struct device;
struct device_node;

struct fwnode_handle {
	struct fwnode_handle *secondary;
	struct device *dev;
};

struct device_node *kmem_node_of(const struct device *dev);
const void *device_get_match_data(const struct device *dev);
#define dev_fwnode(dev)	((dev)->fwnode)
#define device_property_present(dev, name)	of_property_read_bool(kmem_node_of(dev), (name))
#define device_property_read_bool(dev, name)	of_property_read_bool(kmem_node_of(dev), (name))
#define device_property_read_u8(dev, name, out)	of_property_read_u8_array(kmem_node_of(dev), (name), (out), 1)
#define device_property_read_u16(dev, name, out)	of_property_read_u16_array(kmem_node_of(dev), (name), (out), 1)
#define device_property_read_u32(dev, name, out)	of_property_read_u32_array(kmem_node_of(dev), (name), (out), 1)
#define device_property_read_u64(dev, name, out)	of_property_read_u64_array(kmem_node_of(dev), (name), (out), 1)
#define device_property_read_u32_array(dev, name, out, n)	\
	((out) ? of_property_read_u32_array(kmem_node_of(dev), (name), (out), (n)) :	\
	 of_property_count_elems_of_size(kmem_node_of(dev), (name), sizeof(u32)))
#define device_property_count_u32(dev, name)	\
	of_property_count_elems_of_size(kmem_node_of(dev), (name), sizeof(u32))
#define device_property_read_string(dev, name, out)	of_property_read_string(kmem_node_of(dev), (name), (out))
#define device_property_match_string(dev, name, text)	\
	of_property_match_string(kmem_node_of(dev), (name), (text))
#define fwnode_property_read_u32(handle, name, out)	of_property_read_u32(to_of_node(handle), (name), (out))
#define fwnode_property_present(handle, name)	of_property_read_bool(to_of_node(handle), (name))
#define fwnode_property_read_string(handle, name, out)	of_property_read_string(to_of_node(handle), (name), (out))
#define device_get_child_node_count(dev)	((void)(dev), 0)
#include <linux/of.h>
