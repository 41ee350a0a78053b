/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices' memory and ports; the direct map's two directions. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/string.h>
#include <linux/swab.h>
#include <asm/page.h>
#include <kmem/host.h>

void iounmap(volatile void __iomem *addr);

#define ioremap(phys, size)	((void __iomem *)kmem_host_ioremap((phys), (size)))
#define ioremap_nocache(phys, size)	ioremap(phys, size)
#define ioremap_uc(phys, size)	ioremap(phys, size)
#define ioremap_wc(phys, size)	ioremap(phys, size)
#define ioremap_wt(phys, size)	ioremap(phys, size)
#define ioremap_cache(phys, size)	ioremap(phys, size)
#define ioremap_np(phys, size)	ioremap(phys, size)
#define MEMREMAP_WB	1
#define MEMREMAP_WT	2
#define MEMREMAP_WC	4
#define memremap(phys, size, flags)	((void)(flags), kmem_host_ioremap((phys), (size)))
#define memunmap(addr)	iounmap(addr)

static inline phys_addr_t virt_to_phys(volatile const void *addr)
{
	return __pa(kmem_linear(addr));
}

static inline void *phys_to_virt(phys_addr_t addr)
{
	return __va(addr);
}

#define virt_to_bus(addr)	((unsigned long)virt_to_phys(addr))
#define bus_to_virt(addr)	phys_to_virt(addr)
#define isa_virt_to_bus(addr)	((unsigned int)virt_to_phys(addr))

#define __KMEM_MMIO(suffix, type)					\
	static inline type read##suffix(const volatile void __iomem *addr)	\
	{ type v = *(const volatile type *)addr; barrier(); return v; }	\
	static inline void write##suffix(type val, volatile void __iomem *addr)	\
	{ barrier(); *(volatile type *)addr = val; }			\
	static inline type __raw_read##suffix(const volatile void __iomem *addr)	\
	{ return *(const volatile type *)addr; }			\
	static inline void __raw_write##suffix(type val, volatile void __iomem *addr)	\
	{ *(volatile type *)addr = val; }				\
	static inline type read##suffix##_relaxed(const volatile void __iomem *addr)	\
	{ return *(const volatile type *)addr; }			\
	static inline void write##suffix##_relaxed(type val, volatile void __iomem *addr)	\
	{ *(volatile type *)addr = val; }
__KMEM_MMIO(b, u8)
__KMEM_MMIO(w, u16)
__KMEM_MMIO(l, u32)
#ifdef CONFIG_64BIT
__KMEM_MMIO(q, u64)
#endif
#undef __KMEM_MMIO

/* ports: those of a device of --device that has port=; at others nobody answers, and all bits are set */
u32 kmem_port_read(unsigned long port, unsigned int bytes);
int kmem_port_write(unsigned long port, unsigned int bytes, u32 value);
static inline u8 inb(unsigned long port) { return kmem_port_read(port, 1); }
static inline u16 inw(unsigned long port) { return kmem_port_read(port, 2); }
static inline u32 inl(unsigned long port) { return kmem_port_read(port, 4); }
static inline void outb(u8 value, unsigned long port) { kmem_port_write(port, 1, value); }
static inline void outw(u16 value, unsigned long port) { kmem_port_write(port, 2, value); }
static inline void outl(u32 value, unsigned long port) { kmem_port_write(port, 4, value); }
#define inb_p(port)	inb(port)
#define inw_p(port)	inw(port)
#define inl_p(port)	inl(port)
#define outb_p(value, port)	outb(value, port)
#define outw_p(value, port)	outw(value, port)
#define outl_p(value, port)	outl(value, port)
#define __KMEM_PORT_STRING(suffix, type)				\
	static inline void ins##suffix(unsigned long port, void *buf, unsigned long n)	\
	{ type *p = buf; while (n--) *p++ = in##suffix(port); }		\
	static inline void outs##suffix(unsigned long port, const void *buf, unsigned long n)	\
	{ const type *p = buf; while (n--) out##suffix(*p++, port); }
__KMEM_PORT_STRING(b, u8)
__KMEM_PORT_STRING(w, u16)
__KMEM_PORT_STRING(l, u32)
#undef __KMEM_PORT_STRING

/* what ioport_map() gives is a port's number in disguise; device memory is never mapped so low */
#define KMEM_PORTS_FROM	0x10000UL
#define KMEM_PORTS_TO	0x20000UL
#define __KMEM_IOREAD(bits, type, suffix)				\
	static inline type ioread##bits(const volatile void __iomem *addr)	\
	{ return (unsigned long)addr < KMEM_PORTS_TO ?			\
		in##suffix((unsigned long)addr - KMEM_PORTS_FROM) : read##suffix(addr); }	\
	static inline void iowrite##bits(type v, volatile void __iomem *addr)	\
	{ if ((unsigned long)addr < KMEM_PORTS_TO)			\
		out##suffix(v, (unsigned long)addr - KMEM_PORTS_FROM);	\
	  else write##suffix(v, addr); }
__KMEM_IOREAD(8, u8, b)
__KMEM_IOREAD(16, u16, w)
__KMEM_IOREAD(32, u32, l)
#undef __KMEM_IOREAD
#define ioport_map(port, n)	((void __iomem *)((unsigned long)(port) + KMEM_PORTS_FROM))
#define ioport_unmap(addr)	((void)(addr))
#define ioread16be(addr)	swab16(readw(addr))
#define ioread32be(addr)	swab32(readl(addr))
#define iowrite16be(v, addr)	writew(swab16(v), (addr))
#define iowrite32be(v, addr)	writel(swab32(v), (addr))
#define __KMEM_MMIO_REP(bits, type)					\
	static inline void ioread##bits##_rep(const volatile void __iomem *addr, void *buf, unsigned long n)	\
	{ type *p = buf; while (n--) *p++ = ioread##bits(addr); }	\
	static inline void iowrite##bits##_rep(volatile void __iomem *addr, const void *buf, unsigned long n)	\
	{ const type *p = buf; while (n--) iowrite##bits(*p++, addr); }
__KMEM_MMIO_REP(8, u8)
__KMEM_MMIO_REP(16, u16)
__KMEM_MMIO_REP(32, u32)
#undef __KMEM_MMIO_REP
#define readsb(addr, buf, n)	ioread8_rep((addr), (buf), (n))
#define readsw(addr, buf, n)	ioread16_rep((addr), (buf), (n))
#define readsl(addr, buf, n)	ioread32_rep((addr), (buf), (n))
#define writesb(addr, buf, n)	iowrite8_rep((addr), (buf), (n))
#define writesw(addr, buf, n)	iowrite16_rep((addr), (buf), (n))
#define writesl(addr, buf, n)	iowrite32_rep((addr), (buf), (n))
#define mmiowb()	barrier()
#define memset_io(addr, c, n)	memset((void *)(addr), (c), (n))
#define memcpy_fromio(to, from, n)	memcpy((to), (const void *)(from), (n))
#define memcpy_toio(to, from, n)	memcpy((void *)(to), (from), (n))

#if KMEM_ERA >= 60
#define IOMEM_ERR_PTR(err)	((void __iomem *)ERR_PTR(err))
#define readq(addr)	((u64)readl(addr) | (u64)readl((const volatile char *)(addr) + 4) << 32)
#define writeq(v, addr) do {						\
	writel((u32)(v), (addr));					\
	writel((u32)((u64)(v) >> 32), (volatile char *)(addr) + 4);	\
} while (0)
#endif
