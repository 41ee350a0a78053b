/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Functions on other CPUs, callbacks for CPUs that come and go, and chains of notifiers. */
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "rt.h"

/* --- calls --- */

static void call_here(unsigned int cpu, void (*func)(void *info), void *info)
{
	unsigned int home = kmem_cpu;
	int irqs = kmem_irqs_disabled, count = kmem_preempt_count;

	kmem_move_to_cpu(cpu);
	kmem_irqs_disabled = 1;
	if (cpu != home)
		kmem_preempt_count += HARDIRQ_OFFSET;
	func(info);
	kmem_preempt_count = count;
	kmem_irqs_disabled = irqs;
	kmem_move_to_cpu(home);
}

static void check_call(void)
{
	if (KMEM_NR_CPUS > 1 && (kmem_irqs_disabled || in_hardirq()))
		kmem_host_misuse("smp_call_function with interrupts off can deadlock: the other CPU may call this one", NULL);
}

int kmem_call_on(const struct cpumask *mask, int but_this, void (*func)(void *info), void *info)
{
	unsigned int cpu, home = kmem_cpu;

	check_call();
	for (cpu = 0; cpu < KMEM_NR_CPUS; cpu++)
		if ((cpu != home || !but_this) && (!mask || cpumask_test_cpu(cpu, mask)))
			call_here(cpu, func, info);
	return 0;
}

int kmem_call_on_one(int cpu, void (*func)(void *info), void *info)
{
	check_call();
	if (cpu < 0 || cpu >= KMEM_NR_CPUS)
		return -ENXIO;
	call_here(cpu, func, info);
	return 0;
}

/* --- chains --- */

int kmem_notifier_add(struct notifier_block **head, struct notifier_block *nb)
{
	for (; *head; head = &(*head)->next) {
		if (*head == nb) {
			kmem_host_misuse("a notifier is registered a second time", nb);
			return -EEXIST;
		}
		if (nb->priority > (*head)->priority)
			break;
	}
	nb->next = *head;
	*head = nb;
	return 0;
}

int kmem_notifier_del(struct notifier_block **head, struct notifier_block *nb)
{
	for (; *head; head = &(*head)->next) {
		if (*head == nb) {
			*head = nb->next;
			return 0;
		}
	}
	return -ENOENT;
}

int kmem_notifier_call(struct notifier_block **head, unsigned long action, void *data)
{
	struct notifier_block *nb = *head, *next;
	int ret = NOTIFY_DONE;

	for (; nb; nb = next) {
		next = nb->next;
		ret = nb->notifier_call(nb, action, data);
		if (ret & NOTIFY_STOP_MASK)
			break;
	}
	return ret;
}

static struct notifier_block *reboot_chain;

static int hold_notifier(struct notifier_block **head, struct notifier_block *nb)
{
	int err = kmem_notifier_add(head, nb);

	if (!err)
		kmem_host_hold(KMEM_HOLD_NOTIFIER, nb, NULL, nb->notifier_call);
	return err;
}

static int drop_notifier(struct notifier_block **head, struct notifier_block *nb)
{
	kmem_host_unhold(KMEM_HOLD_NOTIFIER, nb);
	return kmem_notifier_del(head, nb);
}

int register_reboot_notifier(struct notifier_block *nb)
{
	return hold_notifier(&reboot_chain, nb);
}

int unregister_reboot_notifier(struct notifier_block *nb)
{
	return drop_notifier(&reboot_chain, nb);
}

/* --- CPUs that come and go --- */

#if KMEM_ERA >= 60
struct hotplug {
	struct list_head list;
	int state, multi;
	int (*startup)(unsigned int cpu);
	int (*teardown)(unsigned int cpu);
};

static LIST_HEAD(hotplugs);

static struct hotplug *hotplug_of(int state)
{
	struct hotplug *it;

	list_for_each_entry(it, &hotplugs, list)
		if (it->state == state)
			return it;
	return NULL;
}

static int on_cpu(unsigned int cpu, int (*func)(unsigned int))
{
	unsigned int home = kmem_cpu;
	int err;

	kmem_move_to_cpu(cpu);
	err = func(cpu);
	kmem_move_to_cpu(home);
	return err;
}

int kmem_cpuhp_setup(int state, const char *name, bool invoke, int (*startup)(unsigned int cpu),
		     int (*teardown)(unsigned int cpu), int multi)
{
	int dynamic = state == CPUHP_AP_ONLINE_DYN || state == CPUHP_BP_PREPARE_DYN;
	struct hotplug *it;
	int cpu, err;

	might_sleep();
	while (dynamic && hotplug_of(state))
		state++;
	if (hotplug_of(state))
		return -EBUSY;
	for (cpu = 0; invoke && startup && cpu < KMEM_NR_CPUS; cpu++) {
		err = on_cpu(cpu, startup);
		if (err) {
			while (teardown && cpu--)
				on_cpu(cpu, teardown);
			return err;
		}
	}
	it = kmem_rt_zalloc(sizeof(*it));
	if (!it)
		return -ENOMEM;
	*it = (struct hotplug){ .state = state, .multi = multi, .startup = startup, .teardown = teardown };
	list_add_tail(&it->list, &hotplugs);
	kmem_host_hold(KMEM_HOLD_HOTPLUG, it, name, NULL);
	return dynamic ? state : 0;
}

void kmem_cpuhp_remove(int state, bool invoke)
{
	struct hotplug *it = hotplug_of(state);
	int cpu;

	if (!it) {
		kmem_host_misuse("cpuhp_remove_state: nobody has set this state up", NULL);
		return;
	}
	for (cpu = 0; invoke && it->teardown && cpu < KMEM_NR_CPUS; cpu++)
		on_cpu(cpu, it->teardown);
	kmem_host_unhold(KMEM_HOLD_HOTPLUG, it);
	list_del(&it->list);
	kmem_host_rt_free(it);
}

int kmem_cpuhp_instance(int state, struct hlist_node *node, bool add)
{
	struct hotplug *it = hotplug_of(state);
	int (*func)(unsigned int, struct hlist_node *);
	int cpu, err = 0;

	if (!it || !it->multi)
		return -EINVAL;
	func = (int (*)(unsigned int, struct hlist_node *))(add ? it->startup : it->teardown);
	for (cpu = 0; func && !err && cpu < KMEM_NR_CPUS; cpu++)
		err = func(cpu, node);
	return err;
}
#else
static struct notifier_block *cpu_chain;

int register_cpu_notifier(struct notifier_block *nb)
{
	return hold_notifier(&cpu_chain, nb);
}

void unregister_cpu_notifier(struct notifier_block *nb)
{
	drop_notifier(&cpu_chain, nb);
}
#endif
