/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers: they go off when the module's clock reaches them, in a sleep, a delay or a busy loop. */
#pragma once
#include <linux/list.h>
#include <linux/ktime.h>
#include <linux/stddef.h>
#include <asm/processor.h>

/* until 4.14 a function gets a number that was kept for it; 4.14 has both forms */
#if LINUX_VERSION_CODE < 0x040f00
#define KMEM_TIMER_HAS_DATA
#endif

#if KMEM_ERA >= 60
struct timer_list {
	struct hlist_node entry;
	unsigned long expires;
#ifdef KMEM_TIMER_HAS_DATA
	void (*function)(unsigned long);
	unsigned long data;
#else
	void (*function)(struct timer_list *);
#endif
	u32 flags;
};

#define TIMER_DEFERRABLE	0x00080000
#define TIMER_PINNED	0x00100000
#define TIMER_IRQSAFE	0x00200000
#ifdef KMEM_TIMER_HAS_DATA
#define TIMER_INITIALIZER(fn, when, value)	\
	{ .expires = (when), .function = (fn), .data = (unsigned long)(value) }
#define DEFINE_TIMER(name, fn, when, value)	\
	struct timer_list name = TIMER_INITIALIZER(fn, when, value)
#else
#define __TIMER_INITIALIZER(fn, fl)	{ .function = (fn), .flags = (fl) }
#define DEFINE_TIMER(name, fn)	struct timer_list name = __TIMER_INITIALIZER(fn, 0)
#endif
#define timer_setup(timer, callback, fl)	\
	kmem_timer_setup((timer), (callback), (fl))
#define timer_setup_on_stack(timer, callback, fl)	timer_setup(timer, callback, fl)
#define destroy_timer_on_stack(timer)	do { } while (0)
#define from_timer(var, callback_timer, field)	\
	container_of(callback_timer, __typeof__(*var), field)
#define timer_container_of(var, callback_timer, field)	from_timer(var, callback_timer, field)

static inline void kmem_timer_setup(struct timer_list *timer, void (*fn)(struct timer_list *), u32 flags)
{
	timer->entry = (struct hlist_node){ };
#ifdef KMEM_TIMER_HAS_DATA
	timer->function = (void (*)(unsigned long))fn;
	timer->data = (unsigned long)timer;
#else
	timer->function = fn;
#endif
	timer->flags = flags;
}

#ifdef KMEM_TIMER_HAS_DATA
static inline void init_timer(struct timer_list *timer)
{
	timer->entry = (struct hlist_node){ };
	timer->flags = 0;
}

static inline void setup_timer(struct timer_list *timer, void (*fn)(unsigned long), unsigned long data)
{
	timer->function = fn;
	timer->data = data;
	init_timer(timer);
}

#define init_timer_deferrable(timer)	init_timer(timer)
#define init_timer_on_stack(timer)	init_timer(timer)
#define setup_timer_on_stack(timer, fn, data)	setup_timer(timer, fn, data)
#define setup_deferrable_timer(timer, fn, data)	setup_timer(timer, fn, data)
#endif

int timer_delete(struct timer_list *timer);
int timer_delete_sync(struct timer_list *timer);
int timer_shutdown_sync(struct timer_list *timer);
int timer_reduce(struct timer_list *timer, unsigned long expires);
#define timer_shutdown(timer)	timer_shutdown_sync(timer)
#define del_timer(timer)	timer_delete(timer)
#define del_timer_sync(timer)	timer_delete_sync(timer)
#define try_to_del_timer_sync(timer)	timer_delete(timer)

static inline int timer_pending(const struct timer_list *timer)
{
	return !hlist_unhashed_lockless(&timer->entry);
}
#else
struct timer_list {
	struct hlist_node entry;
	unsigned long expires;
	void (*function)(unsigned long);
	unsigned long data;
	void *base;
};

#define TIMER_INITIALIZER(fn, when, value)	\
	{ .expires = (when), .function = (fn), .data = (value) }
#define DEFINE_TIMER(name, fn, when, value)	\
	struct timer_list name = TIMER_INITIALIZER(fn, when, value)

static inline void init_timer(struct timer_list *timer)
{
	timer->entry = (struct hlist_node){ };
}

static inline void setup_timer(struct timer_list *timer, void (*fn)(unsigned long), unsigned long data)
{
	timer->function = fn;
	timer->data = data;
	init_timer(timer);
}

int del_timer(struct timer_list *timer);
int del_timer_sync(struct timer_list *timer);
#define del_singleshot_timer_sync(timer)	del_timer_sync(timer)
#define try_to_del_timer_sync(timer)	del_timer(timer)

static inline int timer_pending(const struct timer_list *timer)
{
	return !hlist_unhashed(&timer->entry);
}
#endif

void add_timer(struct timer_list *timer);
int mod_timer(struct timer_list *timer, unsigned long expires);
unsigned long round_jiffies(unsigned long j);
#define add_timer_on(timer, cpu)	((void)(cpu), add_timer(timer))
#define mod_timer_pending(timer, expires)	\
	(timer_pending(timer) ? mod_timer(timer, expires) : 0)
#define round_jiffies_relative(j)	(j)
