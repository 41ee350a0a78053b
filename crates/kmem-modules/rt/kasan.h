/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The runtime is compiled without the sanitizer's hooks; with KMEM_KASAN it asks for the ranges it is given instead. */
#pragma once
#include <linux/types.h>

#ifdef KMEM_KASAN
void __asan_loadN_noabort(unsigned long addr, size_t size);
void __asan_storeN_noabort(unsigned long addr, size_t size);
void __asan_report_load_n_noabort(unsigned long addr, size_t size);
void __asan_report_store_n_noabort(unsigned long addr, size_t size);
void __asan_poison_stack_memory(unsigned long addr, size_t size);
void __asan_unpoison_stack_memory(unsigned long addr, size_t size);
void __asan_alloca_poison(unsigned long addr, size_t size);
void __asan_allocas_unpoison(unsigned long top, unsigned long bottom);
void __asan_before_dynamic_init(const char *name);
void __asan_after_dynamic_init(void);
void __asan_unregister_globals(void *globals, size_t n);
void kmem_host_kasan_store(unsigned long addr, size_t size);
void kmem_kasan_init(void);
void kmem_host_unset(size_t size, const char *what);
void kmem_check_set(unsigned long long value, size_t size, const char *what);
#define reads(p, n)	__asan_loadN_noabort((unsigned long)(p), (n))
#define writes(p, n)	__asan_storeN_noabort((unsigned long)(p), (n))
#else
#define kmem_check_set(value, size, what)	((void)0)
#define kmem_kasan_init()	((void)0)
#define reads(p, n)	((void)0)
#define writes(p, n)	((void)0)
#endif
