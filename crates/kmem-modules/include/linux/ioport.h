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
	unsigned long desc;
	struct resource *parent, *sibling, *child;
	struct list_head kmem_all;
};

#define IORESOURCE_IO	0x00000100
#define IORESOURCE_MEM	0x00000200
#define IORESOURCE_IRQ	0x00000400
#define IORESOURCE_DMA	0x00000800
#define IORESOURCE_TYPE_BITS	0x00001f00
#define IORESOURCE_PREFETCH	0x00002000
#define IORESOURCE_BUSY	0x80000000

#define DEFINE_RES_NAMED(_start, _size, _name, _flags)	\
	(struct resource){ .start = (_start), .end = (_start) + (_size) - 1, .name = (_name), .flags = (_flags) }
#define DEFINE_RES_MEM(_start, _size)	DEFINE_RES_NAMED((_start), (_size), NULL, IORESOURCE_MEM)
#define DEFINE_RES_MEM_NAMED(_start, _size, _name)	DEFINE_RES_NAMED((_start), (_size), (_name), IORESOURCE_MEM)
#define DEFINE_RES_IRQ(_irq)	DEFINE_RES_NAMED((_irq), 1, NULL, IORESOURCE_IRQ)
#define DEFINE_RES_IRQ_NAMED(_irq, _name)	DEFINE_RES_NAMED((_irq), 1, (_name), IORESOURCE_IRQ)

struct resource *kmem_request_region(resource_size_t start, resource_size_t n,
				     const char *name, unsigned long flags);
struct resource *kmem_region_at(resource_size_t start, resource_size_t n, unsigned long flags);
void kmem_release_region(resource_size_t start, resource_size_t n, unsigned long flags);

#define request_region(start, n, name)	kmem_request_region((start), (n), (name), IORESOURCE_IO)
#define request_mem_region(start, n, name)	kmem_request_region((start), (n), (name), IORESOURCE_MEM)
#define release_region(start, n)	kmem_release_region((start), (n), IORESOURCE_IO)
#define release_mem_region(start, n)	kmem_release_region((start), (n), IORESOURCE_MEM)

#if LINUX_VERSION_CODE < 0x030200
/* whether somebody else has it */
int kmem_check_region(resource_size_t start, resource_size_t n, unsigned long flags);
#define check_region(start, n)	kmem_check_region((start), (n), IORESOURCE_IO)
#define check_mem_region(start, n)	kmem_check_region((start), (n), IORESOURCE_MEM)
#endif

static inline resource_size_t resource_size(const struct resource *res)
{
	return res->end - res->start + 1;
}

static inline unsigned long resource_type(const struct resource *res)
{
	return res->flags & IORESOURCE_TYPE_BITS;
}
