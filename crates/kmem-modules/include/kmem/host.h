/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The functions that the host offers to headers and runtime: see ABI.md. */
#pragma once
#include <linux/compiler.h>

struct page;

void kmem_host_printk(const char *text, unsigned int len);
void kmem_host_bug(const char *file, int line) __noreturn;
void kmem_host_warn(const char *file, int line, const char *text);
void kmem_host_panic(const char *text) __noreturn;
void kmem_host_misuse(const char *what, const void *ptr);
int kmem_host_symbol(unsigned long addr, char *buf, unsigned int size, int with_offset);
void kmem_host_stuck(const char *what) __noreturn;
void kmem_host_might_sleep(const char *file, int line);
void kmem_host_waiting(const char *comm, int pid, const char *what, unsigned long ip, unsigned long bp,
		       const char *owner, int owner_pid);
void kmem_host_hold(unsigned int kind, const void *key, const char *name, const void *function);
void kmem_host_unhold(unsigned int kind, const void *key);
void kmem_host_hold_on(unsigned int from, const void *from_key, unsigned int kind, const void *key);
void kmem_host_unbalanced(const char *who, const void *function, unsigned int held, int wrong);
void kmem_host_misuse_in(const char *what, const void *function);
unsigned long kmem_host_stack_alloc(void);
void kmem_host_stack_free(unsigned long top);
void kmem_host_cpu(unsigned int cpu);
int kmem_host_device(unsigned int index, const char *key, char *buf, unsigned int size);
void *kmem_host_dma_alloc(__SIZE_TYPE__ size, unsigned int gfp, int is_of_pool);
void kmem_host_dma_free(void *cpu, __SIZE_TYPE__ size, int is_of_pool);
int kmem_host_check_dma(const void *cpu, __SIZE_TYPE__ size, const char *function);
void kmem_host_random(void *buf, unsigned int len);
void *kmem_host_cache_create(const char *name, unsigned int size, unsigned int align,
			     unsigned long flags, unsigned int useroffset,
			     unsigned int usersize, void *ctor, void *dtor,
			     unsigned int freeptr_offset);
void kmem_host_slab_errors(int *counter);
int kmem_host_zone_name(int zone, char *buf, unsigned int size);
unsigned long kmem_host_meminfo(int what);
void *kmem_host_ioremap(unsigned long long phys, unsigned long size);
void kmem_host_flush_tlb_kernel_range(unsigned long start, unsigned long end);
unsigned long kmem_host_pgd(void);
void kmem_host_resized(const void *p, __SIZE_TYPE__ size);
unsigned long kmem_host_vmalloc_bytes(const void *area);
void kmem_host_kunmap_atomic(void *addr);
void kmem_host_kunmap_local(void *addr);
void *kmem_host_rt_alloc(__SIZE_TYPE__ size);
void kmem_host_rt_free(void *p);
