/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Variables that each CPU has its own of.  A pointer to one is that of CPU 0's; another CPU's lies KMEM_PERCPU_STRIDE
 * bytes further for each CPU between.
 */
#pragma once
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include <linux/types.h>
#include <linux/string.h>
#include <linux/gfp.h>

#define KMEM_PERCPU_STRIDE	0x8000UL
#define __percpu
#define PER_CPU_BASE_SECTION	".data..percpu"
#define __PCPU_ATTRS(sec)	__attribute__((section(PER_CPU_BASE_SECTION)))
#define DEFINE_PER_CPU(type, name)	__PCPU_ATTRS() __typeof__(type) name
#define DECLARE_PER_CPU(type, name)	extern __PCPU_ATTRS() __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name)	DEFINE_PER_CPU(type, name) __attribute__((aligned(64)))
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name)	DEFINE_PER_CPU_ALIGNED(type, name)
#define DEFINE_PER_CPU_PAGE_ALIGNED(type, name)	DEFINE_PER_CPU(type, name) __attribute__((aligned(4096)))
#define DEFINE_PER_CPU_READ_MOSTLY(type, name)	DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU_ALIGNED(type, name)	DECLARE_PER_CPU(type, name)
#define DECLARE_PER_CPU_SHARED_ALIGNED(type, name)	DECLARE_PER_CPU(type, name)
#define EXPORT_PER_CPU_SYMBOL(name)
#define EXPORT_PER_CPU_SYMBOL_GPL(name)

#define per_cpu_ptr(ptr, cpu)	\
	((__typeof__(ptr))((unsigned long)(ptr) + (unsigned long)(cpu) * KMEM_PERCPU_STRIDE))
#define per_cpu(name, cpu)	(*per_cpu_ptr(&(name), cpu))
#define this_cpu_ptr(ptr)	per_cpu_ptr(ptr, kmem_cpu)
#define raw_cpu_ptr(ptr)	this_cpu_ptr(ptr)
#define get_cpu_var(name)	(*({ preempt_disable(); this_cpu_ptr(&(name)); }))
#define put_cpu_var(name)	do { (void)&(name); preempt_enable(); } while (0)
#define get_cpu_ptr(ptr)	({ preempt_disable(); this_cpu_ptr(ptr); })
#define put_cpu_ptr(ptr)	do { (void)(ptr); preempt_enable(); } while (0)
#define __get_cpu_var(name)	(*this_cpu_ptr(&(name)))
#define __raw_get_cpu_var(name)	__get_cpu_var(name)
#define SHIFT_PERCPU_PTR(ptr, offset)	((__typeof__(ptr))((unsigned long)(ptr) + (offset)))
#define per_cpu_offset(cpu)	((unsigned long)(cpu) * KMEM_PERCPU_STRIDE)

#define __kmem_pcpu(name)	(*this_cpu_ptr(&(name)))
#define this_cpu_read(name)	READ_ONCE(__kmem_pcpu(name))
#define this_cpu_write(name, val)	do { __kmem_pcpu(name) = (val); } while (0)
#define this_cpu_add(name, val)	do { __kmem_pcpu(name) += (val); } while (0)
#define this_cpu_sub(name, val)	do { __kmem_pcpu(name) -= (__typeof__(name))(val); } while (0)
#define this_cpu_inc(name)	this_cpu_add(name, 1)
#define this_cpu_dec(name)	this_cpu_sub(name, 1)
#define this_cpu_and(name, val)	do { __kmem_pcpu(name) &= (val); } while (0)
#define this_cpu_or(name, val)	do { __kmem_pcpu(name) |= (val); } while (0)
#define this_cpu_add_return(name, val)	(__kmem_pcpu(name) += (val))
#define this_cpu_sub_return(name, val)	(__kmem_pcpu(name) -= (__typeof__(name))(val))
#define this_cpu_inc_return(name)	this_cpu_add_return(name, 1)
#define this_cpu_dec_return(name)	this_cpu_sub_return(name, 1)
#define this_cpu_xchg(name, new) ({					\
	__typeof__(name) *__p = this_cpu_ptr(&(name)), __was = *__p;	\
	*__p = (new);							\
	__was; })
#define this_cpu_cmpxchg(name, old, new) ({				\
	__typeof__(name) *__p = this_cpu_ptr(&(name)), __was = *__p;	\
	if (__was == (old))						\
		*__p = (new);						\
	__was; })
#define __this_cpu_read(name)	this_cpu_read(name)
#define __this_cpu_write(name, val)	this_cpu_write(name, val)
#define __this_cpu_add(name, val)	this_cpu_add(name, val)
#define __this_cpu_sub(name, val)	this_cpu_sub(name, val)
#define __this_cpu_inc(name)	this_cpu_inc(name)
#define __this_cpu_dec(name)	this_cpu_dec(name)
#define __this_cpu_and(name, val)	this_cpu_and(name, val)
#define __this_cpu_or(name, val)	this_cpu_or(name, val)
#define __this_cpu_add_return(name, val)	this_cpu_add_return(name, val)
#define __this_cpu_sub_return(name, val)	this_cpu_sub_return(name, val)
#define __this_cpu_inc_return(name)	this_cpu_inc_return(name)
#define __this_cpu_dec_return(name)	this_cpu_dec_return(name)
#define __this_cpu_xchg(name, new)	this_cpu_xchg(name, new)
#define __this_cpu_cmpxchg(name, old, new)	this_cpu_cmpxchg(name, old, new)
#define raw_cpu_read(name)	this_cpu_read(name)
#define raw_cpu_write(name, val)	this_cpu_write(name, val)
#define raw_cpu_add(name, val)	this_cpu_add(name, val)
#define raw_cpu_inc(name)	this_cpu_inc(name)
#define raw_cpu_dec(name)	this_cpu_dec(name)
#define raw_cpu_add_return(name, val)	this_cpu_add_return(name, val)

void *kmem_host_alloc_percpu(size_t size, size_t align, gfp_t gfp);
void free_percpu(const void *ptr);
#define __alloc_percpu(size, align)	kmem_host_alloc_percpu((size), (align), GFP_KERNEL)
#define __alloc_percpu_gfp(size, align, gfp)	kmem_host_alloc_percpu((size), (align), (gfp))
#define alloc_percpu(type)	((__typeof__(type) __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))
#define alloc_percpu_gfp(type, gfp)	\
	((__typeof__(type) __percpu *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), (gfp)))
