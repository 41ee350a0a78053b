/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is said of lists whose links do not agree, in the words of the kernel's list debugging. */
#include <linux/list.h>
#include <linux/sprintf.h>
#include "rt.h"

static char what[200];

void kmem_list_add_corrupt(const struct list_head *new, const struct list_head *prev,
			   const struct list_head *next)
{
	if (next->prev != prev)
		scnprintf(what, sizeof(what),
			  "list_add corruption. next->prev should be prev (%08lx), but was %08lx. (next=%08lx).",
			  (unsigned long)prev, (unsigned long)next->prev, (unsigned long)next);
	else if (prev->next != next)
		scnprintf(what, sizeof(what),
			  "list_add corruption. prev->next should be next (%08lx), but was %08lx. (prev=%08lx).",
			  (unsigned long)next, (unsigned long)prev->next, (unsigned long)prev);
	else
		scnprintf(what, sizeof(what),
			  "list_add double add: new=%08lx, prev=%08lx, next=%08lx.",
			  (unsigned long)new, (unsigned long)prev, (unsigned long)next);
	kmem_host_misuse(what, new);
}

void kmem_list_del_corrupt(const struct list_head *entry)
{
	const struct list_head *prev = entry->prev, *next = entry->next;

	if (next == LIST_POISON1)
		scnprintf(what, sizeof(what),
			  "list_del corruption, %08lx->next is LIST_POISON1 (%08lx)",
			  (unsigned long)entry, (unsigned long)LIST_POISON1);
	else if (prev == LIST_POISON2)
		scnprintf(what, sizeof(what),
			  "list_del corruption, %08lx->prev is LIST_POISON2 (%08lx)",
			  (unsigned long)entry, (unsigned long)LIST_POISON2);
	else if (prev->next != entry)
		scnprintf(what, sizeof(what),
			  "list_del corruption. prev->next should be %08lx, but was %08lx. (prev=%08lx)",
			  (unsigned long)entry, (unsigned long)prev->next, (unsigned long)prev);
	else
		scnprintf(what, sizeof(what),
			  "list_del corruption. next->prev should be %08lx, but was %08lx. (next=%08lx)",
			  (unsigned long)entry, (unsigned long)next->prev, (unsigned long)next);
	kmem_host_misuse(what, entry);
}
