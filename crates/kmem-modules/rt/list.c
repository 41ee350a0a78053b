/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is said of lists whose links do not agree, in the words of the kernel's list debugging. */
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include "rt.h"

static char what[200];

static void tell(const void *entry)
{
	printk(KERN_ERR "%s\n", what);
	kmem_host_misuse(what, entry);
}

void kmem_list_add_corrupt(const struct list_head *new, const struct list_head *prev,
			   const struct list_head *next)
{
	if (next->prev != prev)
		scnprintf(what, sizeof(what),
			  "list_add corruption. next->prev should be prev (%px), but was %px. (next=%px).",
			  prev, next->prev, next);
	else if (prev->next != next)
		scnprintf(what, sizeof(what),
			  "list_add corruption. prev->next should be next (%px), but was %px. (prev=%px).",
			  next, prev->next, prev);
	else
		scnprintf(what, sizeof(what),
			  "list_add double add: new=%px, prev=%px, next=%px.",
			  new, prev, next);
	tell(new);
}

void kmem_list_del_corrupt(const struct list_head *entry)
{
	const struct list_head *prev = entry->prev, *next = entry->next;

	if (next == LIST_POISON1)
		scnprintf(what, sizeof(what),
			  "list_del corruption, %px->next is LIST_POISON1 (%px)",
			  entry, LIST_POISON1);
	else if (prev == LIST_POISON2)
		scnprintf(what, sizeof(what),
			  "list_del corruption, %px->prev is LIST_POISON2 (%px)",
			  entry, LIST_POISON2);
	else if (prev->next != entry)
		scnprintf(what, sizeof(what),
			  "list_del corruption. prev->next should be %px, but was %px. (prev=%px)",
			  entry, prev->next, prev);
	else
		scnprintf(what, sizeof(what),
			  "list_del corruption. next->prev should be %px, but was %px. (next=%px)",
			  entry, next->prev, next);
	tell(entry);
}
