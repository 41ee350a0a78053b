/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* struct page: a view of the machine's array. The counts, the zone and the rest are asked of the host. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/spinlock_types.h>
#include <linux/build_bug.h>
#include <linux/pgtable.h>

struct address_space;

struct page {
	union {
		struct {
			unsigned long flags;
			union {
				struct list_head lru;
				struct list_head buddy_list;
				struct list_head pcp_list;
				struct rcu_head rcu_head;
			};
			struct address_space *mapping;
			union {
				pgoff_t index;
				unsigned long share;
			};
			unsigned long private;
		};
		unsigned char kmem_size[KMEM_SIZEOF_PAGE];
	};
};

_Static_assert(sizeof(struct page) == KMEM_SIZEOF_PAGE, "struct page has the machine's size");

#if KMEM_ERA >= 60
struct folio {
	struct page page;
};
typedef unsigned int vm_fault_t;
typedef unsigned long vm_flags_t;
#endif

struct vm_operations_struct;
struct file;

struct mm_struct {
#ifdef CONFIG_MMU
	pgd_t *pgd;
#endif
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long start_brk, brk, start_stack;
	unsigned long total_vm;
	int map_count;
	struct vm_area_struct *mmap;
};

/* a piece of a user's address space: made by a script's mmap */
struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct vm_area_struct *vm_next, *vm_prev;
	struct mm_struct *vm_mm;
	pgprot_t vm_page_prot;
	unsigned long vm_flags;
	const struct vm_operations_struct *vm_ops;
	unsigned long vm_pgoff;
	struct file *vm_file;
	void *vm_private_data;
};
