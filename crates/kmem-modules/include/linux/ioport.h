/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ranges of ports and of device memory: who claims them. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>

struct resource {
	resource_size_t start;
	resource_size_t end;
	const char *name;
	unsigned long flags;
	struct list_head kmem_all;
};

#define IORESOURCE_IO	0x00000100
#define IORESOURCE_MEM	0x00000200
#define IORESOURCE_IRQ	0x00000400
#define IORESOURCE_BUSY	0x80000000

struct resource *kmem_request_region(resource_size_t start, resource_size_t n,
				     const char *name, unsigned long flags);
void kmem_release_region(resource_size_t start, resource_size_t n, unsigned long flags);

#define request_region(start, n, name)	kmem_request_region((start), (n), (name), IORESOURCE_IO)
#define request_mem_region(start, n, name)	kmem_request_region((start), (n), (name), IORESOURCE_MEM)
#define release_region(start, n)	kmem_release_region((start), (n), IORESOURCE_IO)
#define release_mem_region(start, n)	kmem_release_region((start), (n), IORESOURCE_MEM)

static inline resource_size_t resource_size(const struct resource *res)
{
	return res->end - res->start + 1;
}
