/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a user maps of a device: an area of addresses, the driver's mmap() that says what lies there, and what becomes of it
 * when it is touched.  A driver either enters all pages at once (remap_pfn_range, vm_insert_page), or waits for a page to
 * be touched and gives it then: fault(), nopage() in 2.6.  A page that was given this way has a reference, which goes when
 * the area is unmapped.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "rt.h"

#define FIRST_ADDRESS	0x40000000UL	/* where a 32-bit kernel begins to map */

/* a page of an area */
struct map_entry {
	unsigned long pfn;
	struct page *held;	/* it has a reference that goes with the entry */
	int there;
};

struct user_map {
	struct vm_area_struct vma;
	struct map_entry *entries;
	unsigned long pages;
	int writes;
};

static struct user_map *user_maps[64];
static struct mm_struct *user_mm;

static struct user_map *user_map_of(int m)
{
	return m >= 0 && m < (int)ARRAY_SIZE(user_maps) ? user_maps[m] : NULL;
}

static struct user_map *user_map_by_vma(const struct vm_area_struct *vma)
{
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(user_maps); i++)
		if (user_maps[i] && &user_maps[i]->vma == vma)
			return user_maps[i];
	return NULL;
}

static void drop_user_map(struct user_map *m)
{
	unsigned long i;

	for (i = 0; m->entries && i < m->pages; i++)
		if (m->entries[i].held)
			put_page(m->entries[i].held);
	kmem_host_rt_free(m->entries);
	kmem_host_rt_free(m);
}

/* an address above all that are mapped */
static unsigned long free_user_address(void)
{
	unsigned long at = FIRST_ADDRESS;
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(user_maps); i++)
		if (user_maps[i] && user_maps[i]->vma.vm_end > at)
			at = user_maps[i]->vma.vm_end;
	return at;
}

/* enters one page; -EBUSY if there is one */
static int enter_page(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, struct page *held)
{
	struct user_map *m = user_map_by_vma(vma);
	unsigned long i = (addr - vma->vm_start) >> PAGE_SHIFT;

	if (!m || addr < vma->vm_start || i >= m->pages)
		return -EFAULT;
	if (m->entries[i].there)
		return -EBUSY;
	m->entries[i] = (struct map_entry){ .pfn = pfn, .held = held, .there = 1 };
	return 0;
}

int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
		    unsigned long size, pgprot_t prot)
{
	unsigned long i, pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	int err;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	for (i = 0; i < pages; i++) {
		err = enter_page(vma, addr + (i << PAGE_SHIFT), pfn + i, NULL);
		if (err)
			return err;
	}
	vma->vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND;
	return 0;
}

int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page)
{
	int err;

	if (addr < vma->vm_start || addr >= vma->vm_end)
		return -EFAULT;
	if (!page_count(page))
		return -EINVAL;
	err = enter_page(vma, addr, page_to_pfn(page), page);
	if (!err)
		get_page(page);
	return err;
}

int remap_vmalloc_range(struct vm_area_struct *vma, void *addr, unsigned long pgoff)
{
	unsigned long at, offset = pgoff << PAGE_SHIFT;
	int err = 0;

	for (at = vma->vm_start; at < vma->vm_end && !err; at += PAGE_SIZE, offset += PAGE_SIZE)
		err = vm_insert_page(vma, at, vmalloc_to_page((char *)addr + offset));
	return err;
}

#if KMEM_ERA >= 60
int kmem_vm_iomap_memory(struct vm_area_struct *vma, phys_addr_t start, unsigned long len)
{
	unsigned long size = vma->vm_end - vma->vm_start, first = vma->vm_pgoff;
	unsigned long pages = (len + offset_in_page(start) + PAGE_SIZE - 1) >> PAGE_SHIFT;

	if (first > pages || size >> PAGE_SHIFT > pages - first)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, (start >> PAGE_SHIFT) + first, size, vma->vm_page_prot);
}

int vm_map_pages(struct vm_area_struct *vma, struct page **pages, unsigned long num)
{
	unsigned long i, first = vma->vm_pgoff, count = vma_pages(vma);
	int err = 0;

	if (first >= num || count > num - first)
		return -ENXIO;
	for (i = 0; i < count && !err; i++)
		err = vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT), pages[first + i]);
	return err;
}
#endif

/* asks the driver for a page; NULL: it has none, or it has entered it itself */
static struct page *ask_driver(struct user_map *m, unsigned long i, int write, int *why)
{
	const struct vm_operations_struct *ops = m->vma.vm_ops;
	unsigned long addr = m->vma.vm_start + (i << PAGE_SHIFT);
	struct page *page;

	*why = VM_FAULT_SIGBUS;
#if LINUX_VERSION_CODE < 0x020617
	if (!ops || !ops->nopage)
		return NULL;
	page = ops->nopage(&m->vma, addr, why);
	return page == NOPAGE_OOM ? NULL : page;
#else
	struct vm_fault vmf = { .pgoff = m->vma.vm_pgoff + i, .flags = write ? FAULT_FLAG_WRITE : 0, .gfp_mask = GFP_KERNEL };

	if (!ops || !ops->fault)
		return NULL;
#if LINUX_VERSION_CODE >= 0x040a00
	vmf.address = addr;
#else
	vmf.virtual_address = (void __user *)addr;
#endif
#if LINUX_VERSION_CODE >= 0x040b00
	vmf.vma = &m->vma;
	*why = ops->fault(&vmf);
#else
	*why = ops->fault(&m->vma, &vmf);
#endif
	page = *why & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY) ? NULL : vmf.page;
	if (!page && !(*why & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)))
		kmem_host_misuse("fault() returned success without a page", &m->vma);
	return page;
#endif
}

/* the page at an offset, entered if it is not yet; 0 or -EFAULT: the user gets SIGBUS */
static int touch_page(struct user_map *m, unsigned long i, int write)
{
	struct page *page;
	int why;

	if (m->entries[i].there)
		return 0;
	page = ask_driver(m, i, write, &why);
	kmem_rt_idle();
	if (page)
		return enter_page(&m->vma, m->vma.vm_start + (i << PAGE_SHIFT), page_to_pfn(page), page);
	return m->entries[i].there ? 0 : -EFAULT;
}

/* copies to or from a page of an area, which may be a device's */
static int copy_page_part(const struct map_entry *entry, unsigned int offset, char __user *ubuf, unsigned long n, int write)
{
	struct page *page = pfn_valid(entry->pfn) ? pfn_to_page(entry->pfn) : NULL;
	char *at = page ? kmap(page) : kmem_host_ioremap((phys_addr_t)entry->pfn << PAGE_SHIFT, PAGE_SIZE);
	unsigned long missed;

	if (!at)
		return -EFAULT;
	missed = write ? copy_from_user(at + offset, ubuf, n) : copy_to_user(ubuf, at + offset, n);
	if (page)
		kunmap(page);
	else
		iounmap((void __iomem *)at);
	return missed ? -EFAULT : 0;
}

static long access_map(int handle, unsigned long offset, char __user *ubuf, unsigned long n, int write)
{
	struct user_map *m = user_map_of(handle);
	unsigned long done = 0;

	if (!m)
		return -EBADF;
	if (offset > m->pages << PAGE_SHIFT || n > (m->pages << PAGE_SHIFT) - offset || (write && !m->writes))
		return -EFAULT;
	while (done < n) {
		unsigned long i = (offset + done) >> PAGE_SHIFT, in = (offset + done) & ~PAGE_MASK;
		unsigned long step = min(n - done, PAGE_SIZE - in);
		int err = touch_page(m, i, write);

		if (!err)
			err = copy_page_part(&m->entries[i], in, ubuf + done, step, write);
		if (err)
			return err;
		done += step;
	}
	return done;
}

long kmem_user_mem_read(int m, unsigned long offset, char __user *ubuf, unsigned long n)
{
	return access_map(m, offset, ubuf, n, 0);
}

long kmem_user_mem_write(int m, unsigned long offset, char __user *ubuf, unsigned long n)
{
	return access_map(m, offset, ubuf, n, 1);
}

/* maps a file's bytes from an offset on, shared */
long kmem_user_mmap(int h, unsigned long length, unsigned long offset, unsigned long writes)
{
	struct file *file = kmem_file_of(h);
	unsigned long flags = VM_READ | VM_SHARED | VM_MAYREAD | VM_MAYWRITE | VM_MAYSHARE | (writes ? VM_WRITE : 0);
	struct user_map *m;
	int free, err;

	if (!file)
		return -EBADF;
	if (!length || offset & ~PAGE_MASK || PAGE_ALIGN(length) > KMEM_TASK_SIZE / 2)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ) || (writes && !(file->f_mode & FMODE_WRITE)))
		return -EACCES;
	if (!file->f_op->mmap)
		return -ENODEV;
	for (free = 0; free < (int)ARRAY_SIZE(user_maps) && user_maps[free]; free++)
		;
	m = free < (int)ARRAY_SIZE(user_maps) ? kmem_rt_zalloc(sizeof(*m)) : NULL;
	if (!m)
		return -ENOMEM;
	m->pages = PAGE_ALIGN(length) >> PAGE_SHIFT;
	m->writes = writes;
	m->entries = kmem_rt_zalloc(m->pages * sizeof(*m->entries));
	if (!m->entries) {
		drop_user_map(m);
		return -ENOMEM;
	}
	m->vma.vm_start = free_user_address();
	m->vma.vm_end = m->vma.vm_start + (m->pages << PAGE_SHIFT);
	m->vma.vm_pgoff = offset >> PAGE_SHIFT;
	m->vma.vm_flags = flags;
	m->vma.vm_file = file;
	m->vma.vm_mm = user_mm;
	user_maps[free] = m;
	err = file->f_op->mmap(file, &m->vma);
	kmem_rt_idle();
	if (err) {
		user_maps[free] = NULL;
		drop_user_map(m);
		return err;
	}
	kmem_file_hold(h, 1);
	return free;
}

long kmem_user_munmap(int handle)
{
	struct user_map *m = user_map_of(handle);
	struct file *file;

	if (!m)
		return -EBADF;
	file = m->vma.vm_file;
	if (m->vma.vm_ops && m->vma.vm_ops->close)
		m->vma.vm_ops->close(&m->vma);
	user_maps[handle] = NULL;
	drop_user_map(m);
	kmem_file_put(file);
	kmem_rt_idle();
	return 0;
}
