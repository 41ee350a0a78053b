/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The runtime is compiled without the sanitizer's hooks; with KMEM_KASAN it asks for the ranges it is given instead. */
#pragma once
#include <linux/types.h>

#ifdef KMEM_KASAN
void __asan_loadN_noabort(unsigned long addr, size_t size);
void __asan_storeN_noabort(unsigned long addr, size_t size);
#define reads(p, n)	__asan_loadN_noabort((unsigned long)(p), (n))
#define writes(p, n)	__asan_storeN_noabort((unsigned long)(p), (n))
#else
#define reads(p, n)	((void)0)
#define writes(p, n)	((void)0)
#endif
