/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Interrupts: who asked for one, and what runs when a script raises it.  A handler runs with interrupts off; a threaded
 * one wakes a thread of its own.  And who claims a range of ports or of a device's memory.
 */
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include "rt.h"

struct action {
	struct list_head list;
	unsigned int irq;
	unsigned long flags;
	void *dev;
	const char *name;
	irq_handler_t handler, thread_fn;
	struct task_struct *thread;
	int pending, running, stopping;
	unsigned int disabled, missed;
};

static LIST_HEAD(actions);
static LIST_HEAD(regions);
static unsigned long probed, seen;	/* see probe_irq_on() */

static irqreturn_t call_handler(irq_handler_t handler, struct action *action)
{
#if KMEM_ERA >= 60
	return handler(action->irq, action->dev);
#else
	return handler(action->irq, action->dev, NULL);
#endif
}

static int run_thread(void *data)
{
	struct action *action = data;

	while (!action->stopping) {
		if (!action->pending) {
			kmem_wait_on(action, "its interrupt", KMEM_NEVER);
			continue;
		}
		action->pending = 0;
		action->running = 1;
		call_handler(action->thread_fn, action);
		action->running = 0;
		kmem_wake_on(&action->running);
	}
	action->stopping = 2;
	kmem_wake_on(&action->running);
	return 0;
}

static int request(unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn, unsigned long flags,
		   const char *name, void *dev)
{
	struct action *action;
	char comm[TASK_COMM_LEN];

	if ((!handler && !thread_fn) || ((flags & IRQF_SHARED) && !dev))
		return -EINVAL;
#if KMEM_ERA >= 60
	if (!handler && !(flags & IRQF_ONESHOT)) {
		printk(KERN_ERR "genirq: Threaded irq requested with handler=NULL and !ONESHOT for %s (irq %u)\n", name, irq);
		return -EINVAL;
	}
#endif
	list_for_each_entry(action, &actions, list) {
		if (action->irq == irq && !(action->flags & flags & IRQF_SHARED)) {
			printk(KERN_ERR "genirq: Flags mismatch irq %u. %08lx (%s) vs. %08lx (%s)\n", irq, flags, name,
			       action->flags, action->name);
			return -EBUSY;
		}
	}
	action = kmem_rt_zalloc(sizeof(*action));
	if (!action)
		return -ENOMEM;
	*action = (struct action){
		.irq = irq, .flags = flags, .dev = dev, .name = name, .handler = handler, .thread_fn = thread_fn,
	};
	if (thread_fn) {
		snprintf(comm, sizeof(comm), "irq/%u-%s", irq, name ? name : "?");
		action->thread = kmem_own_thread(run_thread, action, comm);
		if (!action->thread) {
			kmem_host_rt_free(action);
			return -ENOMEM;
		}
		wake_up_process(action->thread);
	}
	list_add_tail(&action->list, &actions);
	kmem_hold(KMEM_HOLD_IRQ, action, "%u (%s)", irq, name ? name : "?");
	return 0;
}

int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags, const char *name, void *dev)
{
	might_sleep();
	return request(irq, handler, NULL, flags, name, dev);
}

#if KMEM_ERA >= 60
int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn, unsigned long flags,
			 const char *name, void *dev)
{
	might_sleep();
	return request(irq, handler, thread_fn, flags, name, dev);
}
#endif

static const void *give_back(unsigned int irq, void *dev)
{
	struct action *action;

	if (in_interrupt())
		kmem_host_misuse("free_irq() in an interrupt", dev);
	list_for_each_entry(action, &actions, list) {
		if (action->irq == irq && action->dev == dev) {
			const char *name = action->name;

			list_del(&action->list);
			kmem_host_unhold(KMEM_HOLD_IRQ, action);
			if (action->thread) {
				action->stopping = 1;
				kmem_wake_on(action);
				while (action->stopping != 2)
					kmem_wait_on(&action->running, "free_irq(): the handler's thread", KMEM_NEVER);
			}
			kmem_host_rt_free(action);
			return name;
		}
	}
	kmem_host_misuse("free_irq: nobody requested it so", dev);
	return NULL;
}

#if KMEM_ERA >= 60
const void *free_irq(unsigned int irq, void *dev)
{
	return give_back(irq, dev);
}
#else
void free_irq(unsigned int irq, void *dev)
{
	give_back(irq, dev);
}
#endif

void synchronize_irq(unsigned int irq)
{
	struct action *action;

	list_for_each_entry(action, &actions, list)
		while (action->irq == irq && (action->running || action->pending))
			kmem_wait_on(&action->running, "synchronize_irq()", KMEM_NEVER);
}

void disable_irq_nosync(unsigned int irq)
{
	struct action *action;

	list_for_each_entry(action, &actions, list)
		if (action->irq == irq)
			action->disabled++;
}

void disable_irq(unsigned int irq)
{
	disable_irq_nosync(irq);
	synchronize_irq(irq);
}

static irqreturn_t handle(struct action *action)
{
	irqreturn_t ret;

	if (action->disabled) {
		action->missed = 1;
		return IRQ_NONE;
	}
	ret = action->handler ? call_handler(action->handler, action) : IRQ_WAKE_THREAD;
	if (ret == IRQ_WAKE_THREAD && action->thread) {
		action->pending = 1;
		kmem_wake_on(action);
	}
	return ret;
}

/* as an interrupt comes: 0, -ENOENT when nobody asked for it, -EIO when nobody wanted it */
unsigned long kmem_irq_trigger(unsigned int irq)
{
	const unsigned long edges = 0x3;	/* IRQF_TRIGGER_RISING, _FALLING */
	struct action *action;

	list_for_each_entry(action, &actions, list)
		if (action->irq == irq)
			return action->flags & edges ? action->flags & edges : edges;
	return 0;
}

int kmem_irq_raise(unsigned int irq)
{
	int count = kmem_preempt_count, irqs = kmem_irqs_disabled, found = 0, handled = 0;
	unsigned int held = kmem_held_now();
	struct action *action, *next;
	void *function;

	if (irq < BITS_PER_LONG)
		seen |= probed & 1UL << irq;
	kmem_preempt_count += HARDIRQ_OFFSET;
	kmem_irqs_disabled = 1;
	list_for_each_entry_safe(action, next, &actions, list) {
		if (action->irq != irq)
			continue;
		found = 1;
		function = action->handler;
		handled |= action->disabled || handle(action) != IRQ_NONE;
		if (action->disabled)
			handle(action);
		kmem_check_held("an interrupt handler", function, count + HARDIRQ_OFFSET, 1, held);
	}
	kmem_preempt_count = count;
	kmem_irqs_disabled = irqs;
	if (found && !handled)
		printk(KERN_ERR "irq %u: nobody cared\n", irq);
	return !found ? -ENOENT : handled ? 0 : -EIO;
}

/* --- finding out which interrupt a device has: all that nobody has are watched --- */

unsigned long probe_irq_on(void)
{
	struct action *action;

	probed = ~0UL;
	seen = 0;
	list_for_each_entry(action, &actions, list)
		if (action->irq < BITS_PER_LONG)
			probed &= ~(1UL << action->irq);
	return probed;
}

unsigned int probe_irq_mask(unsigned long mask)
{
	unsigned int found = seen & mask;

	probed = 0;
	return found;
}

int probe_irq_off(unsigned long mask)
{
	unsigned long found = seen & mask;

	probed = 0;
	if (!found)
		return 0;
	return found & (found - 1) ? -(int)__ffs(found) : (int)__ffs(found);
}

void enable_irq(unsigned int irq)
{
	struct action *action;
	int again = 0;

	list_for_each_entry(action, &actions, list) {
		if (action->irq != irq)
			continue;
		if (!action->disabled)
			kmem_host_misuse("enable_irq: unbalanced enable", NULL);
		else if (!--action->disabled && action->missed) {
			action->missed = 0;
			again = 1;
		}
	}
	if (again)
		kmem_irq_raise(irq);
}

/* --- ranges --- */

struct resource *kmem_request_region(resource_size_t start, resource_size_t n,
				     const char *name, unsigned long flags)
{
	struct resource *region;

	list_for_each_entry(region, &regions, kmem_all)
		if (region->flags == flags && region->start < start + n && start <= region->end)
			return NULL;
	region = kmem_rt_zalloc(sizeof(*region));
	if (!region)
		return NULL;
	region->start = start;
	region->end = start + n - 1;
	region->name = name;
	region->flags = flags;
	list_add_tail(&region->kmem_all, &regions);
	kmem_hold(flags == IORESOURCE_IO ? KMEM_HOLD_PORTS : KMEM_HOLD_MEM, region, "%llx-%llx (%s)",
		  (u64)region->start, (u64)region->end, name);
	return region;
}

#if LINUX_VERSION_CODE < 0x030200
int kmem_check_region(resource_size_t start, resource_size_t n, unsigned long flags)
{
	struct resource *region;

	list_for_each_entry(region, &regions, kmem_all)
		if (region->flags == flags && region->start < start + n && start <= region->end)
			return -EBUSY;
	return 0;
}
#endif

struct resource *kmem_region_at(resource_size_t start, resource_size_t n, unsigned long flags)
{
	struct resource *region;

	list_for_each_entry(region, &regions, kmem_all)
		if (region->flags == flags && region->start == start && region->end == start + n - 1)
			return region;
	return NULL;
}

void kmem_release_region(resource_size_t start, resource_size_t n, unsigned long flags)
{
	struct resource *region = kmem_region_at(start, n, flags);

	if (!region) {
		kmem_host_misuse("release_region: nobody requested it so", NULL);
		return;
	}
	kmem_host_unhold(flags == IORESOURCE_IO ? KMEM_HOLD_PORTS : KMEM_HOLD_MEM, region);
	list_del(&region->kmem_all);
	kmem_host_rt_free(region);
}
