/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checks of every access: code says here what it does on purpose. */
#pragma once
#include <linux/bug.h>
#include <linux/kasan-checks.h>
#include <linux/types.h>

/* from here on, until enabled again as often, no access is reported */
void kasan_disable_current(void);
void kasan_enable_current(void);

/* addresses have no tags here */
#define kasan_reset_tag(addr)	((void *)(addr))
#define kasan_enabled()	IS_ENABLED(CONFIG_KASAN)
#define kasan_hw_tags_enabled()	false
#define kasan_poison_pages(page, order, init)	do { } while (0)
#define kasan_unpoison_pages(page, order, init)	do { } while (0)
#define kasan_unpoison_range(addr, size)	do { } while (0)
#define kasan_unpoison_task_stack(task)	do { } while (0)
#define kasan_cache_shutdown(cache)	do { } while (0)
#define kasan_check_byte(addr)	((void)(addr), true)
