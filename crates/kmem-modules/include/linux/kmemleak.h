/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hints to the kernel's search for leaks. kmem's ledger knows every object and needs none. */
#pragma once
#include <linux/slab.h>
#include <linux/vmalloc.h>

static inline void kmemleak_init(void) { }
static inline void kmemleak_alloc(const void *ptr, size_t size, int min_count, gfp_t gfp) { }
static inline void kmemleak_alloc_percpu(const void __percpu *ptr, size_t size, gfp_t gfp) { }
static inline void kmemleak_free(const void *ptr) { }
static inline void kmemleak_free_part(const void *ptr, size_t size) { }
static inline void kmemleak_free_percpu(const void __percpu *ptr) { }
static inline void kmemleak_not_leak(const void *ptr) { }
static inline void kmemleak_transient_leak(const void *ptr) { }
static inline void kmemleak_ignore(const void *ptr) { }
static inline void kmemleak_ignore_percpu(const void __percpu *ptr) { }
static inline void kmemleak_scan_area(const void *ptr, size_t size, gfp_t gfp) { }
static inline void kmemleak_no_scan(const void *ptr) { }
static inline void kmemleak_erase(void **ptr) { *ptr = NULL; }
static inline void kmemleak_update_trace(const void *ptr) { }
