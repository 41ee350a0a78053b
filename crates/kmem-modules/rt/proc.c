/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files in /proc: entries by path, and the ways to answer a read. */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "rt.h"

#if LINUX_VERSION_CODE >= 0x030a00
struct proc_dir_entry {
	const char *name;
	umode_t mode;
	struct proc_dir_entry *parent;
	void *data;
	struct file_operations fops;
	int (*show)(struct seq_file *, void *);
	const struct seq_operations *seq_ops;
	unsigned int state_size;
	struct list_head kmem_all;
	char kmem_path[64];
};
#endif

static LIST_HEAD(entries);

/* the folders that every kernel has */
static int is_builtin_dir(const char *path)
{
	static const char *const dirs[] = { "driver", "fs", "bus", "net", "sys", "tty" };
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(dirs); i++)
		if (!strcmp(path, dirs[i]))
			return 1;
	return 0;
}

struct proc_dir_entry *kmem_proc_find(const char *path)
{
	struct proc_dir_entry *entry;

	list_for_each_entry(entry, &entries, kmem_all)
		if (!strcmp(entry->kmem_path, path))
			return entry;
	return NULL;
}

static void path_of(char *path, size_t size, const char *name, struct proc_dir_entry *parent)
{
	const char *dir = parent ? parent->kmem_path : "";

	snprintf(path, size, "%s%s%s", dir, *dir ? "/" : "", name);
}

static struct proc_dir_entry *add_entry(const char *name, umode_t mode,
					struct proc_dir_entry *parent)
{
	struct proc_dir_entry *entry = kmem_rt_zalloc(sizeof(*entry));
	const char *slash;

	if (!entry)
		return NULL;
	path_of(entry->kmem_path, sizeof(entry->kmem_path), name, parent);
	slash = strrchr(entry->kmem_path, '/');
	if (slash) {
		char dir[64];

		strlcpy(dir, entry->kmem_path, slash - entry->kmem_path + 1);
		if (!is_builtin_dir(dir) && !kmem_proc_find(dir)) {
			kmem_host_rt_free(entry);
			return NULL;
		}
	}
#if KMEM_ERA >= 60
	if (kmem_proc_find(entry->kmem_path) || is_builtin_dir(entry->kmem_path)) {
		WARN(1, "proc_dir_entry '%s/%s' already registered\n",
		     parent ? parent->name : "/proc", name);
		kmem_host_rt_free(entry);
		return NULL;
	}
#endif
	entry->name = slash ? slash + 1 : entry->kmem_path;
	entry->mode = mode;
	entry->parent = parent;
	list_add(&entry->kmem_all, &entries);
	kmem_hold(KMEM_HOLD_PROC, entry, "/proc/%s", entry->kmem_path);
	return entry;
}

static void drop_entry(struct proc_dir_entry *entry)
{
	kmem_host_unhold(KMEM_HOLD_PROC, entry);
	list_del(&entry->kmem_all);
	kmem_host_rt_free(entry);
}

/* what lies below a folder */
static struct proc_dir_entry *inside(const struct proc_dir_entry *dir)
{
	size_t len = strlen(dir->kmem_path);
	struct proc_dir_entry *entry;

	list_for_each_entry(entry, &entries, kmem_all)
		if (!strncmp(entry->kmem_path, dir->kmem_path, len) && entry->kmem_path[len] == '/')
			return entry;
	return NULL;
}

static int remove_by_name(const char *name, struct proc_dir_entry *parent, int with_inside)
{
	struct proc_dir_entry *entry, *below;
	char path[64];

	path_of(path, sizeof(path), name, parent);
	entry = kmem_proc_find(path);
	if (!entry) {
#if KMEM_ERA >= 60
		WARN(1, "name '%s'\n", name);
#endif
		return -ENOENT;
	}
	while ((below = inside(entry)) != NULL) {
		if (!with_inside)
			kmem_host_misuse("remove_proc_entry: the folder is not empty", entry);
		drop_entry(below);
	}
	drop_entry(entry);
	return 0;
}

void remove_proc_entry(const char *name, struct proc_dir_entry *parent)
{
	remove_by_name(name, parent, 0);
}

struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent, const char *dest)
{
	return add_entry(name, S_IFLNK | S_IRWXUGO, parent);
}

#if KMEM_ERA >= 60

static umode_t file_mode(umode_t mode)
{
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	return mode & S_IALLUGO ? mode : mode | S_IRUGO;
}

struct proc_dir_entry *proc_create_data(const char *name, umode_t mode,
					struct proc_dir_entry *parent,
					const struct kmem_proc_ops *ops, void *data)
{
	struct proc_dir_entry *entry = add_entry(name, file_mode(mode), parent);

	if (!entry)
		return NULL;
	entry->data = data;
#if LINUX_VERSION_CODE >= 0x050600
	entry->fops = (struct file_operations){
		.open = ops->proc_open,
		.read = ops->proc_read,
		.read_iter = ops->proc_read_iter,
		.write = ops->proc_write,
		.llseek = ops->proc_lseek,
		.release = ops->proc_release,
		.poll = ops->proc_poll,
		.unlocked_ioctl = ops->proc_ioctl,
		.mmap = ops->proc_mmap,
	};
#else
	entry->fops = *ops;
#endif
	return entry;
}

struct proc_dir_entry *proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent,
				   const struct kmem_proc_ops *ops)
{
	return proc_create_data(name, mode, parent, ops, NULL);
}

static int open_single(struct inode *inode, struct file *file)
{
	struct proc_dir_entry *entry = kmem_inode_pde(inode);

	return single_open(file, entry->show, entry->data);
}

struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode,
					       struct proc_dir_entry *parent,
					       int (*show)(struct seq_file *, void *), void *data)
{
	struct proc_dir_entry *entry = add_entry(name, file_mode(mode), parent);

	if (!entry)
		return NULL;
	entry->data = data;
	entry->show = show;
	entry->fops = (struct file_operations){
		.open = open_single, .read = seq_read, .llseek = seq_lseek,
		.release = single_release,
	};
	return entry;
}

static int open_seq(struct inode *inode, struct file *file)
{
	struct proc_dir_entry *entry = kmem_inode_pde(inode);

	if (entry->state_size)
		return seq_open_private(file, entry->seq_ops, entry->state_size);
	return seq_open(file, entry->seq_ops);
}

static int release_seq(struct inode *inode, struct file *file)
{
	if (kmem_inode_pde(inode)->state_size)
		return seq_release_private(inode, file);
	return seq_release(inode, file);
}

struct proc_dir_entry *proc_create_seq_private(const char *name, umode_t mode,
					       struct proc_dir_entry *parent,
					       const struct seq_operations *ops,
					       unsigned int state_size, void *data)
{
	struct proc_dir_entry *entry = add_entry(name, file_mode(mode), parent);

	if (!entry)
		return NULL;
	entry->data = data;
	entry->seq_ops = ops;
	entry->state_size = state_size;
	entry->fops = (struct file_operations){
		.open = open_seq, .read = seq_read, .llseek = seq_lseek, .release = release_seq,
	};
	return entry;
}

struct proc_dir_entry *proc_mkdir_data(const char *name, umode_t mode,
				       struct proc_dir_entry *parent, void *data)
{
	struct proc_dir_entry *entry = add_entry(name, S_IFDIR | (mode ? mode : S_IRUGO | S_IXUGO), parent);

	if (entry)
		entry->data = data;
	return entry;
}

struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent)
{
	return proc_mkdir_data(name, 0, parent, NULL);
}

void proc_remove(struct proc_dir_entry *entry)
{
	struct proc_dir_entry *below;

	if (!entry)
		return;
	while ((below = inside(entry)) != NULL)
		drop_entry(below);
	drop_entry(entry);
}

int remove_proc_subtree(const char *name, struct proc_dir_entry *parent)
{
	return remove_by_name(name, parent, 1);
}

void proc_set_size(struct proc_dir_entry *entry, loff_t size)
{
}

void proc_set_user(struct proc_dir_entry *entry, kuid_t uid, kgid_t gid)
{
}

#if LINUX_VERSION_CODE >= 0x051100
void *pde_data(const struct inode *inode)
#else
void *PDE_DATA(const struct inode *inode)
#endif
{
	return kmem_inode_pde(inode)->data;
}

void *proc_get_parent_data(const struct inode *inode)
{
	struct proc_dir_entry *parent = kmem_inode_pde(inode)->parent;

	return parent ? parent->data : NULL;
}

#endif

#if LINUX_VERSION_CODE >= 0x030a00

const struct file_operations *kmem_proc_fops(struct proc_dir_entry *entry)
{
	return S_ISREG(entry->mode) ? &entry->fops : NULL;
}

#else

#define BUILTIN(title)	{ .name = title, .mode = S_IFDIR, .kmem_path = title }
struct proc_dir_entry proc_root = { .name = "/proc", .mode = S_IFDIR };
static struct proc_dir_entry builtin_dirs[] = {
	BUILTIN("fs"), BUILTIN("driver"), BUILTIN("bus"), BUILTIN("net"),
};
struct proc_dir_entry *proc_root_fs = &builtin_dirs[0];
struct proc_dir_entry *proc_root_driver = &builtin_dirs[1];
struct proc_dir_entry *proc_bus = &builtin_dirs[2];
struct proc_dir_entry *proc_net = &builtin_dirs[3];

#define BLOCK	(3 * 1024)	/* so much a read_proc is asked for at once */

/*
 * A read_proc writes into a page and says by *start what it wrote:
 * NULL: the whole file, of which the wanted part is taken; a place in the
 * page: the part that was wanted; a small number: the same, at the page's
 * beginning, and the number is how far the position moves on.
 */
static ssize_t read_by_read_proc(struct file *file, char __user *buf, size_t nbytes, loff_t *ppos)
{
	struct proc_dir_entry *entry = kmem_inode_pde(file->f_dentry->d_inode);
	char *page = kmem_host_rt_alloc(PAGE_SIZE);
	ssize_t done = 0;
	int eof = 0;

	if (!page)
		return -ENOMEM;
	while (nbytes && !eof) {
		size_t count = min_t(size_t, BLOCK, nbytes);
		unsigned long step;
		char *start = NULL;
		ssize_t n;

		if (entry->get_info)
			n = entry->get_info(page, &start, *ppos, count);
		else
			n = entry->read_proc(page, &start, *ppos, count, &eof, entry->data);
		if (n > (ssize_t)PAGE_SIZE)
			kmem_host_misuse("read_proc wrote past its page", entry);
		if (!start) {
			n -= *ppos;
			start = page + *ppos;
		}
		if (n <= 0) {
			if (n < 0 && !done && start != page + *ppos)
				done = n;
			break;
		}
		n = min_t(ssize_t, n, count);
		step = start < page ? (unsigned long)start : n;
		if (copy_to_user(buf, start < page ? page : start, n)) {
			if (!done)
				done = -EFAULT;
			break;
		}
		*ppos += step;
		nbytes -= n;
		buf += n;
		done += n;
	}
	kmem_host_rt_free(page);
	return done;
}

static ssize_t write_by_write_proc(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct proc_dir_entry *entry = kmem_inode_pde(file->f_dentry->d_inode);

	return entry->write_proc ? entry->write_proc(file, buf, count, entry->data) : -EIO;
}

static ssize_t no_read(struct file *file, char __user *buf, size_t nbytes, loff_t *ppos)
{
	return -EIO;
}

static struct file_operations by_functions = {
	.llseek = default_llseek,
	.read = read_by_read_proc,
	.write = write_by_write_proc,
};

static struct file_operations by_nothing = {
	.llseek = default_llseek,
	.read = no_read,
	.write = write_by_write_proc,
};

struct proc_dir_entry *create_proc_entry(const char *name, mode_t mode,
					 struct proc_dir_entry *parent)
{
	struct proc_dir_entry *entry;

	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	if (!(mode & S_IALLUGO))
		mode |= S_ISDIR(mode) ? S_IRUGO | S_IXUGO : S_IRUGO;
	entry = add_entry(name, mode, parent);
	if (entry)
		entry->namelen = strlen(entry->name);
	return entry;
}

#if KMEM_ERA < 60
struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent)
{
	return create_proc_entry(name, S_IFDIR, parent);
}
#endif

struct proc_dir_entry *PDE(const struct inode *inode)
{
	return kmem_inode_pde(inode);
}

const struct file_operations *kmem_proc_fops(struct proc_dir_entry *entry)
{
	if (!S_ISREG(entry->mode))
		return NULL;
	if (entry->proc_fops)
		return entry->proc_fops;
#if KMEM_ERA >= 60
	if (entry->fops.open || entry->fops.read || entry->fops.write)
		return &entry->fops;
#endif
	return entry->read_proc || entry->get_info ? &by_functions : &by_nothing;
}

#endif
