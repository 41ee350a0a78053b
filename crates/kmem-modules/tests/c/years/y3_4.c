// SPDX-License-Identifier: MIT OR Apache-2.0
/* A driver as of 3.4: an entry of /proc that is filled in, pages given by fault(vma, vmf), the time in a timeval. */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/time.h>

static unsigned long page;

static int year_fault(struct vm_area_struct *vma, struct vm_fault *vmf)
{
	unsigned long offset = (unsigned long)vmf->virtual_address - vma->vm_start;

	if (offset >= PAGE_SIZE)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(page);
	get_page(vmf->page);
	return 0;
}

static struct vm_operations_struct vm_ops = { .fault = year_fault };

static int year_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &vm_ops;
	vma->vm_flags |= VM_RESERVED;
	return 0;
}

static ssize_t year_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct timeval now;

	do_gettimeofday(&now);
	return simple_read_from_buffer(buf, count, pos, now.tv_sec > 1000000000 ? "late\n" : "soon\n", 5);
}

static const struct file_operations fops = { .read = year_read, .mmap = year_mmap };

static int __devinit year_init(void)
{
	struct proc_dir_entry *entry;

	page = get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	memcpy((char *)page, "3.4", 3);
	entry = create_proc_entry("year", 0666, NULL);
	if (entry)
		entry->proc_fops = &fops;
	return 0;
}

static void __exit year_exit(void)
{
	remove_proc_entry("year", NULL);
	free_page(page);
}

module_init(year_init);
module_exit(year_exit);
MODULE_LICENSE("Dual MIT/GPL");
