/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Ports: the address space of a PC's older devices.  A device that a script brings has some; what the driver writes there it
 * reads back, and so does the script.
 */
#include <linux/list.h>
#include <asm/io.h>
#include "rt.h"

struct port_range {
	struct list_head list;
	unsigned long first, count;
	u8 *values;
};

static LIST_HEAD(port_ranges);

static void bring_ports(unsigned long first, unsigned long count)
{
	struct port_range *range = kmem_rt_zalloc(sizeof(*range));

	if (!range)
		return;
	range->first = first;
	range->count = count;
	range->values = kmem_rt_zalloc(count);
	if (range->values)
		list_add(&range->list, &port_ranges);
}

static unsigned long number_from(const char *text)
{
	unsigned long long value = 0;

	kmem_parse_ull(text, 0, &value);
	return value;
}

/* what the host has, once */
static void bring_all_ports(void)
{
	static int done;
	unsigned int index;
	char text[48];

	if (done)
		return;
	done = 1;
	for (index = 0; kmem_host_device(index, "name", text, sizeof(text)) > 0; index++) {
		unsigned long first;

		if (kmem_host_device(index, "port", text, sizeof(text)) <= 0)
			continue;
		first = number_from(text);
		kmem_host_device(index, "ports", text, sizeof(text));
		bring_ports(first, number_from(text));
	}
}

static u8 *value_at(unsigned long port)
{
	struct port_range *range;

	bring_all_ports();
	list_for_each_entry(range, &port_ranges, list)
		if (port - range->first < range->count)
			return &range->values[port - range->first];
	return NULL;
}

u32 kmem_port_read(unsigned long port, unsigned int bytes)
{
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		u8 *at = value_at(port + i);

		value |= (u32)(at ? *at : 0xff) << (8 * i);
	}
	return value;
}

int kmem_port_write(unsigned long port, unsigned int bytes, u32 value)
{
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		u8 *at = value_at(port + i);

		if (at)
			*at = value >> (8 * i);
	}
	return 0;
}
