/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bug.h"

static DEFINE_SPINLOCK(lock);

static int run(void)
{
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	page = alloc_pages(GFP_KERNEL, 1); /* BUG: atomic-sleep */ /* FIX: page = alloc_pages(GFP_ATOMIC, 1); */
	spin_unlock_irqrestore(&lock, flags);
	if (page)
		__free_pages(page, 1);
	return 0;
}
