/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Chains of functions that are told of an event, by priority. */
#pragma once
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/spinlock.h>
#if KMEM_ERA >= 60
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/srcu.h>
#endif

struct notifier_block;
typedef int (*notifier_fn_t)(struct notifier_block *nb, unsigned long action, void *data);

struct notifier_block {
	notifier_fn_t notifier_call;
	struct notifier_block *next;
	int priority;
};

/* the four kinds differ in who may call them; the sleeping ones check that */
struct atomic_notifier_head { struct notifier_block *head; };
struct blocking_notifier_head { struct notifier_block *head; };
struct raw_notifier_head { struct notifier_block *head; };
struct srcu_notifier_head { struct notifier_block *head; };

#define NOTIFY_DONE	0x0000
#define NOTIFY_OK	0x0001
#define NOTIFY_STOP_MASK	0x8000
#define NOTIFY_BAD	(NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP	(NOTIFY_OK | NOTIFY_STOP_MASK)

#define ATOMIC_NOTIFIER_HEAD(name)	struct atomic_notifier_head name = { NULL }
#define BLOCKING_NOTIFIER_HEAD(name)	struct blocking_notifier_head name = { NULL }
#define RAW_NOTIFIER_HEAD(name)	struct raw_notifier_head name = { NULL }
#define SRCU_NOTIFIER_HEAD(name)	struct srcu_notifier_head name = { NULL }
#define ATOMIC_INIT_NOTIFIER_HEAD(n)	((n)->head = NULL)
#define BLOCKING_INIT_NOTIFIER_HEAD(n)	((n)->head = NULL)
#define RAW_INIT_NOTIFIER_HEAD(n)	((n)->head = NULL)
#define srcu_init_notifier_head(n)	((n)->head = NULL)
#define srcu_cleanup_notifier_head(n)	((void)(n))

int kmem_notifier_add(struct notifier_block **head, struct notifier_block *nb);
int kmem_notifier_del(struct notifier_block **head, struct notifier_block *nb);
int kmem_notifier_call(struct notifier_block **head, unsigned long action, void *data);

#define atomic_notifier_chain_register(n, nb)	kmem_notifier_add(&(n)->head, (nb))
#define atomic_notifier_chain_unregister(n, nb)	kmem_notifier_del(&(n)->head, (nb))
#define atomic_notifier_call_chain(n, action, data)	kmem_notifier_call(&(n)->head, (action), (data))
#define raw_notifier_chain_register(n, nb)	kmem_notifier_add(&(n)->head, (nb))
#define raw_notifier_chain_unregister(n, nb)	kmem_notifier_del(&(n)->head, (nb))
#define raw_notifier_call_chain(n, action, data)	kmem_notifier_call(&(n)->head, (action), (data))
#define blocking_notifier_chain_register(n, nb)	({ might_sleep(); kmem_notifier_add(&(n)->head, (nb)); })
#define blocking_notifier_chain_unregister(n, nb)	({ might_sleep(); kmem_notifier_del(&(n)->head, (nb)); })
#define blocking_notifier_call_chain(n, action, data)	\
	({ might_sleep(); kmem_notifier_call(&(n)->head, (action), (data)); })
#define srcu_notifier_chain_register(n, nb)	blocking_notifier_chain_register(n, nb)
#define srcu_notifier_chain_unregister(n, nb)	blocking_notifier_chain_unregister(n, nb)
#define srcu_notifier_call_chain(n, action, data)	blocking_notifier_call_chain(n, action, data)

static inline int notifier_from_errno(int err)
{
	return err ? NOTIFY_STOP_MASK | (NOTIFY_OK - err) : NOTIFY_OK;
}

static inline int notifier_to_errno(int ret)
{
	ret &= ~NOTIFY_STOP_MASK;
	return ret > NOTIFY_OK ? NOTIFY_OK - ret : 0;
}

int register_reboot_notifier(struct notifier_block *nb);
int unregister_reboot_notifier(struct notifier_block *nb);
#define SYS_DOWN	0x0001
#define SYS_RESTART	SYS_DOWN
#define SYS_HALT	0x0002
#define SYS_POWER_OFF	0x0003
