/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interrupt handlers, which run when a script raises their interrupt, and tasklets. */
#pragma once
#include <linux/kernel.h>
#include <linux/linkage.h>
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/kref.h>
#include <linux/preempt.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/irqreturn.h>
#include <linux/atomic.h>

#if KMEM_ERA >= 60
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);

#define IRQF_TRIGGER_NONE	0x00000000
#define IRQF_TRIGGER_RISING	0x00000001
#define IRQF_TRIGGER_FALLING	0x00000002
#define IRQF_TRIGGER_HIGH	0x00000004
#define IRQF_TRIGGER_LOW	0x00000008
#define IRQF_SHARED	0x00000080
#define IRQF_ONESHOT	0x00002000

#if LINUX_VERSION_CODE < 0x040100
#define IRQF_DISABLED	0x00000020
#endif
#if LINUX_VERSION_CODE < 0x030600
#define IRQF_SAMPLE_RANDOM	0x00000040
#endif
#define IRQF_PROBE_SHARED	0x00000100
#define IRQF_TIMER	0x00000200
#define IRQF_NO_SUSPEND	0x00004000
#define IRQF_NO_THREAD	0x00010000
#define IRQF_NO_AUTOEN	0x00080000

struct device;
int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread_fn,
			 unsigned long flags, const char *name, void *dev);
#define request_any_context_irq(irq, handler, flags, name, dev)	request_irq(irq, handler, flags, name, dev)
int devm_request_threaded_irq(struct device *dev, unsigned int irq, irq_handler_t handler,
			      irq_handler_t thread_fn, unsigned long flags, const char *name, void *dev_id);
#define devm_request_irq(dev, irq, handler, flags, name, dev_id)	\
	devm_request_threaded_irq(dev, irq, handler, NULL, flags, name, dev_id)
#define devm_request_any_context_irq(dev, irq, handler, flags, name, dev_id)	\
	devm_request_irq(dev, irq, handler, flags, name, dev_id)
void devm_free_irq(struct device *dev, unsigned int irq, void *dev_id);
#define irq_set_affinity_hint(irq, mask)	((void)(irq), (void)(mask), 0)
#define irq_set_irq_type(irq, type)	((void)(irq), (void)(type), 0)
const void *free_irq(unsigned int irq, void *dev);
#else
struct pt_regs;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev, struct pt_regs *regs);

#define SA_INTERRUPT	0x20000000
#define SA_SHIRQ	0x04000000
#define SA_SAMPLE_RANDOM	0x00000010
#define IRQF_SHARED	SA_SHIRQ
#define IRQF_DISABLED	SA_INTERRUPT
#define IRQF_SAMPLE_RANDOM	SA_SAMPLE_RANDOM

void free_irq(unsigned int irq, void *dev);
#endif

/* which interrupt comes between the two calls; 0: none did, below 0: several */
unsigned long probe_irq_on(void);
int probe_irq_off(unsigned long mask);
unsigned int probe_irq_mask(unsigned long mask);
int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags,
		const char *name, void *dev);
void enable_irq(unsigned int irq);
void disable_irq(unsigned int irq);
void disable_irq_nosync(unsigned int irq);

struct tasklet_struct {
	struct tasklet_struct *next;
	unsigned long state;
	atomic_t count;		/* above 0: disabled */
#if KMEM_ERA >= 60
	bool use_callback;
	union {
		void (*func)(unsigned long data);
		void (*callback)(struct tasklet_struct *t);
	};
#else
	void (*func)(unsigned long data);
#endif
	unsigned long data;
};

enum { TASKLET_STATE_SCHED, TASKLET_STATE_RUN };

#if LINUX_VERSION_CODE >= 0x050900
#define DECLARE_TASKLET(name, fn)	\
	struct tasklet_struct name = { .use_callback = true, .callback = (fn) }
#define DECLARE_TASKLET_DISABLED(name, fn)	\
	struct tasklet_struct name = { .count = ATOMIC_INIT(1), .use_callback = true, .callback = (fn) }
#define DECLARE_TASKLET_OLD(name, fn)	struct tasklet_struct name = { .func = (fn) }
#define from_tasklet(var, callback_tasklet, field)	\
	container_of(callback_tasklet, __typeof__(*var), field)
void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *));
#else
#define DECLARE_TASKLET(name, fn, value)	\
	struct tasklet_struct name = { .func = (fn), .data = (value) }
#define DECLARE_TASKLET_DISABLED(name, fn, value)	\
	struct tasklet_struct name = { .count = ATOMIC_INIT(1), .func = (fn), .data = (value) }
#if KMEM_ERA >= 60
#define from_tasklet(var, callback_tasklet, field)	\
	container_of(callback_tasklet, __typeof__(*var), field)
void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *));
#endif
#endif

void tasklet_init(struct tasklet_struct *t, void (*fn)(unsigned long), unsigned long data);
void tasklet_schedule(struct tasklet_struct *t);
void tasklet_kill(struct tasklet_struct *t);
#define tasklet_hi_schedule(t)	tasklet_schedule(t)
#define tasklet_disable(t)	atomic_inc(&(t)->count)
#define tasklet_disable_nosync(t)	tasklet_disable(t)
void tasklet_enable(struct tasklet_struct *t);
#define tasklet_hi_enable(t)	tasklet_enable(t)
#define tasklet_unlock_wait(t)	((void)(t))
#define tasklet_trylock(t)	((void)(t), 1)
