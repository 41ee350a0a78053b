/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The device tree: one node for each device of --device, with the properties that the option gives. */
#pragma once
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/mod_devicetable.h>
#include <linux/property.h>

struct device;

struct property {
	char *name;
	int length;
	void *value;
	struct property *next;
};

struct device_node {
	const char *name;
	const char *full_name;
	struct fwnode_handle fwnode;
	struct property *properties;
	struct device_node *parent, *child, *sibling;
	struct device *kmem_dev;
};

#define of_match_ptr(ptr)	(ptr)
#define of_node_get(node)	(node)
#define of_node_put(node)	((void)(node))
#define of_node_name_eq(node, text)	(!strcmp((node)->name, (text)))
#define of_fwnode_handle(node)	((node) ? &(node)->fwnode : NULL)
#define to_of_node(handle)	((handle) ? container_of((handle), struct device_node, fwnode) : NULL)
#define is_of_node(handle)	((handle) != NULL)
#define of_have_populated_dt()	true

struct property *of_find_property(const struct device_node *np, const char *name, int *lenp);
const void *of_get_property(const struct device_node *np, const char *name, int *lenp);
_Bool of_property_read_bool(const struct device_node *np, const char *name);
#define of_property_present(np, name)	of_property_read_bool((np), (name))
int of_property_read_u8_array(const struct device_node *np, const char *name, u8 *out, size_t n);
int of_property_read_u16_array(const struct device_node *np, const char *name, u16 *out, size_t n);
int of_property_read_u32_array(const struct device_node *np, const char *name, u32 *out, size_t n);
int of_property_read_u64_array(const struct device_node *np, const char *name, u64 *out, size_t n);
int of_property_read_u32_index(const struct device_node *np, const char *name, u32 index, u32 *out);
int of_property_read_string(const struct device_node *np, const char *name, const char **out);
int of_property_read_string_index(const struct device_node *np, const char *name, int index, const char **out);
int of_property_count_elems_of_size(const struct device_node *np, const char *name, int size);
int of_property_count_strings(const struct device_node *np, const char *name);
int of_property_match_string(const struct device_node *np, const char *name, const char *text);
#define of_property_read_u8(np, name, out)	of_property_read_u8_array((np), (name), (out), 1)
#define of_property_read_u16(np, name, out)	of_property_read_u16_array((np), (name), (out), 1)
#define of_property_read_u32(np, name, out)	of_property_read_u32_array((np), (name), (out), 1)
#define of_property_read_s32(np, name, out)	of_property_read_u32_array((np), (name), (u32 *)(out), 1)
#define of_property_read_u64(np, name, out)	of_property_read_u64_array((np), (name), (out), 1)
#define of_property_count_u32_elems(np, name)	of_property_count_elems_of_size((np), (name), sizeof(u32))
int of_device_is_compatible(const struct device_node *np, const char *compatible);
#define of_device_is_available(np)	((np) != NULL)
const struct of_device_id *of_match_node(const struct of_device_id *matches, const struct device_node *node);
#define of_get_parent(np)	((np) ? (np)->parent : NULL)
#define of_get_next_child(np, prev)	((prev) ? (prev)->sibling : (np)->child)
#define of_get_next_available_child(np, prev)	of_get_next_child(np, prev)
#define of_get_child_count(np)	((void)(np), 0)
#define of_get_available_child_count(np)	of_get_child_count(np)
#define for_each_child_of_node(np, child)	\
	for ((child) = (np)->child; (child); (child) = (child)->sibling)
#define for_each_available_child_of_node(np, child)	for_each_child_of_node(np, child)
#define of_get_child_by_name(np, text)	((void)(np), (struct device_node *)NULL)
#define of_parse_phandle(np, name, index)	((void)(np), (struct device_node *)NULL)
#define of_alias_get_id(np, stem)	((void)(np), -ENODEV)
