// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * page_tables: the tables are real. Finds the entry of a vmalloc page by
 * walking the kernel's page tables through the direct map, compares it with
 * vmalloc_to_pfn's answer, then enters another page's number, flushes, and
 * reads that other page at the same address.
 *
 * Era: both, machines with an MMU.
 */
#include <linux/kernel.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/version.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("walks and changes the kernel's page tables");

static pte_t *find(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	pud_t *pud;
	pmd_t *pmd;

	if (pgd_none(*pgd))
		return NULL;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(4,12,0)
	pud = pud_offset(p4d_offset(pgd, addr), addr);
#else
	pud = pud_offset(pgd, addr);
#endif
	if (pud_none(*pud))
		return NULL;
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd) || pmd_bad(*pmd))
		return NULL;
	return pte_offset_kernel(pmd, addr);
}

static int __init page_tables_init(void)
{
	volatile char *area = vmalloc(2 * PAGE_SIZE);
	unsigned long addr = (unsigned long)area, other;
	pte_t *pte, old;

	if (!area)
		return -ENOMEM;
	area[0] = 'a';
	area[PAGE_SIZE] = 'b';
	pte = find(addr);
	printk(KERN_INFO "page_tables: entry %s, pfn %s\n", pte && pte_present(*pte) ? "found" : "missing",
	       pte && pte_pfn(*pte) == vmalloc_to_pfn((void *)area) ? "agrees" : "differs");
	printk(KERN_INFO "page_tables: the guard page has %s\n",
	       !find(addr + 2 * PAGE_SIZE) || pte_none(*find(addr + 2 * PAGE_SIZE)) ? "no entry" : "an entry");
	if (!pte)
		goto out;

	other = vmalloc_to_pfn((void *)(addr + PAGE_SIZE));
	old = *pte;
	set_pte(pte, pfn_pte(other, PAGE_KERNEL));
	flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
	printk(KERN_INFO "page_tables: after the change the first page holds '%c'\n", area[0]);
	area[0] = 'c';
	printk(KERN_INFO "page_tables: and the second one '%c'\n", area[PAGE_SIZE]);
	set_pte(pte, old);
	flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
	printk(KERN_INFO "page_tables: put back, it holds '%c'\n", area[0]);
out:
	vfree((void *)area);
	return 0;
}

static void __exit page_tables_exit(void)
{
	printk(KERN_INFO "page_tables: gone\n");
}

module_init(page_tables_init);
module_exit(page_tables_exit);
