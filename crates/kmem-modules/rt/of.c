/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The device tree: a node for each device of --device; numbers of its properties are words in big-endian order. */
#include <linux/device.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_device.h>
#include <linux/of_irq.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/string.h>
#include "rt.h"

struct property *of_find_property(const struct device_node *np, const char *name, int *lenp)
{
	struct property *prop;

	for (prop = np ? np->properties : NULL; prop; prop = prop->next) {
		if (!strcmp(prop->name, name)) {
			if (lenp)
				*lenp = prop->length;
			return prop;
		}
	}
	return NULL;
}

const void *of_get_property(const struct device_node *np, const char *name, int *lenp)
{
	struct property *prop = of_find_property(np, name, lenp);

	return prop ? prop->value : NULL;
}

_Bool of_property_read_bool(const struct device_node *np, const char *name)
{
	return of_find_property(np, name, NULL) != NULL;
}

/* bytes of a property, at least n times size */
static int cells(const struct device_node *np, const char *name, size_t size, size_t n, const u8 **bytes)
{
	struct property *prop = of_find_property(np, name, NULL);

	if (!prop)
		return -EINVAL;
	if (!prop->length)
		return -ENODATA;
	if (prop->length < (int)(size * n))
		return -EOVERFLOW;
	*bytes = prop->value;
	return 0;
}

static u64 number_at(const u8 *bytes, size_t size)
{
	u64 value = 0;

	while (size--)
		value = value << 8 | *bytes++;
	return value;
}

#define READ_ARRAY(type)						\
int of_property_read_##type##_array(const struct device_node *np, const char *name, type *out, size_t n)	\
{									\
	const u8 *bytes = NULL;						\
	size_t i;							\
	int err = cells(np, name, sizeof(type), n, &bytes);		\
									\
	for (i = 0; !err && i < n; i++)					\
		out[i] = number_at(bytes + i * sizeof(type), sizeof(type));	\
	return err;							\
}
READ_ARRAY(u16)
READ_ARRAY(u32)
READ_ARRAY(u64)

/* the option gives words; a driver that wants a byte gets the word's last one */
int of_property_read_u8_array(const struct device_node *np, const char *name, u8 *out, size_t n)
{
	const u8 *bytes = NULL;
	size_t i;
	int err = cells(np, name, 4, n, &bytes);

	for (i = 0; !err && i < n; i++)
		out[i] = bytes[i * 4 + 3];
	return err;
}

int of_property_read_u32_index(const struct device_node *np, const char *name, u32 index, u32 *out)
{
	const u8 *bytes = NULL;
	int err = cells(np, name, sizeof(u32), index + 1, &bytes);

	if (!err)
		*out = number_at(bytes + index * sizeof(u32), sizeof(u32));
	return err;
}

int of_property_read_string_index(const struct device_node *np, const char *name, int index, const char **out)
{
	struct property *prop = of_find_property(np, name, NULL);
	const char *at, *end;

	if (!prop)
		return -EINVAL;
	at = prop->value;
	end = at + prop->length;
	while (index-- > 0 && at < end)
		at += strlen(at) + 1;
	if (at >= end)
		return -ENODATA;
	*out = at;
	return 0;
}

int of_property_read_string(const struct device_node *np, const char *name, const char **out)
{
	return of_property_read_string_index(np, name, 0, out);
}

int of_property_count_elems_of_size(const struct device_node *np, const char *name, int size)
{
	struct property *prop = of_find_property(np, name, NULL);

	if (!prop)
		return -EINVAL;
	if (!prop->length)
		return -ENODATA;
	return prop->length % size ? -EINVAL : prop->length / size;
}

int of_property_count_strings(const struct device_node *np, const char *name)
{
	const char *text;
	int n = 0;

	if (!of_find_property(np, name, NULL))
		return -EINVAL;
	while (!of_property_read_string_index(np, name, n, &text))
		n++;
	return n ? n : -ENODATA;
}

int of_property_match_string(const struct device_node *np, const char *name, const char *text)
{
	const char *found;
	int n;

	if (!of_find_property(np, name, NULL))
		return -EINVAL;
	for (n = 0; !of_property_read_string_index(np, name, n, &found); n++)
		if (!strcmp(found, text))
			return n;
	return -ENODATA;
}

int of_device_is_compatible(const struct device_node *np, const char *compatible)
{
	return of_property_match_string(np, "compatible", compatible) >= 0;
}

const struct of_device_id *of_match_node(const struct of_device_id *matches, const struct device_node *node)
{
	for (; matches && node && (matches->name[0] || matches->type[0] || matches->compatible[0]); matches++) {
		if (matches->compatible[0] && !of_device_is_compatible(node, matches->compatible))
			continue;
		if (matches->name[0] && strcmp(matches->name, node->name))
			continue;
		return matches;
	}
	return NULL;
}

const struct of_device_id *of_match_device(const struct of_device_id *matches, const struct device *dev)
{
	return of_match_node(matches, dev->of_node);
}

const void *of_device_get_match_data(const struct device *dev)
{
	const struct of_device_id *match;

	match = dev->driver ? of_match_node(dev->driver->of_match_table, dev->of_node) : NULL;
	return match ? match->data : NULL;
}

const void *device_get_match_data(const struct device *dev)
{
	return of_device_get_match_data(dev);
}

struct device_node *kmem_node_of(const struct device *dev)
{
	return dev->of_node;
}

int of_address_to_resource(struct device_node *np, int index, struct resource *res)
{
	struct resource *found;

	if (!np || !np->kmem_dev)
		return -EINVAL;
	found = platform_get_resource(to_platform_device(np->kmem_dev), IORESOURCE_MEM, index);
	if (!found)
		return -EINVAL;
	*res = *found;
	return 0;
}

void __iomem *of_iomap(struct device_node *np, int index)
{
	struct resource res;

	return of_address_to_resource(np, index, &res) ? NULL : ioremap(res.start, resource_size(&res));
}

int of_irq_get(struct device_node *np, int index)
{
	struct resource *res;

	if (!np || !np->kmem_dev)
		return -EINVAL;
	res = platform_get_resource(to_platform_device(np->kmem_dev), IORESOURCE_IRQ, index);
	return res ? (int)res->start : -EINVAL;
}

unsigned int irq_of_parse_and_map(struct device_node *np, int index)
{
	int irq = of_irq_get(np, index);

	return irq > 0 ? irq : 0;
}

/* --- nodes of the option --- */

/* numbers become words, anything else strings; a list is separated by blanks */
static void set_value(struct property *prop, char *text)
{
	char *word, *rest = text;
	int numbers = 1, n = 0;
	long long value;
	u8 *bytes;

	if (!*text)
		return;
	bytes = kmem_rt_zalloc(strlen(text) * 4 + 4);
	if (!bytes)
		return;
	for (word = text; *word; word++)
		if (!strchr("0123456789abcdefABCDEFx- ", *word))
			numbers = 0;
	while (numbers && (word = strsep(&rest, " ")) != NULL) {
		if (!*word)
			continue;
		if (kmem_parse_ll(word, 0, &value)) {
			numbers = 0;
			while (word > text)	/* the blanks that were cut off */
				if (!*--word)
					*word = ' ';
			if (rest)
				rest[-1] = ' ';
			break;
		}
		bytes[n++] = value >> 24;
		bytes[n++] = value >> 16;
		bytes[n++] = value >> 8;
		bytes[n++] = value;
	}
	if (!numbers) {
		n = strlen(text) + 1;
		memcpy(bytes, text, n);
		for (word = (char *)bytes; *word; word++)
			if (*word == ' ')
				*word = '\0';
	}
	prop->value = bytes;
	prop->length = n;
}

static void add_property(struct device_node *np, const char *name, char *value)
{
	struct property *prop = kmem_rt_zalloc(sizeof(*prop));

	if (!prop)
		return;
	prop->name = kmem_rt_strdup(name);
	set_value(prop, value);
	prop->next = np->properties;
	np->properties = prop;
}

struct device_node *kmem_of_node(unsigned int index, const char *name)
{
	struct device_node *np = kmem_rt_zalloc(sizeof(*np));
	char text[256], key[80], names[256], *rest = names, *word;

	if (!np)
		return NULL;
	np->name = np->full_name = kmem_rt_strdup(name);
	if (kmem_host_device(index, "of", text, sizeof(text)) > 0)
		add_property(np, "compatible", text);
	if (kmem_host_device(index, "props", names, sizeof(names)) > 0) {
		while ((word = strsep(&rest, "\n")) != NULL) {
			snprintf(key, sizeof(key), "prop.%s", word);
			text[0] = '\0';
			kmem_host_device(index, key, text, sizeof(text));
			add_property(np, word, text);
		}
	}
	return np;
}
