/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files of /sys/kernel/debug. A folder takes along what is in it. */
#if KMEM_ERA >= 60
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/io.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "rt.h"

struct debug_file {
	struct dentry dentry;
	struct list_head list;
	umode_t mode;
	void *data;
	const struct file_operations *fops;
	char path[96];
};

static LIST_HEAD(debug_files);

static struct debug_file *debug_file_at(const char *path)
{
	struct debug_file *it;

	list_for_each_entry(it, &debug_files, list)
		if (!strcmp(it->path, path))
			return it;
	return NULL;
}

static void debug_path(char *path, size_t size, const char *name, struct dentry *parent)
{
	snprintf(path, size, "%s/%s", parent ? container_of(parent, struct debug_file, dentry)->path : "", name);
}

static struct dentry *add_debug(const char *name, umode_t mode, struct dentry *parent, void *data,
				const struct file_operations *fops)
{
	struct debug_file *it;
	char path[96];

	if (IS_ERR(parent))
		return parent;
	debug_path(path, sizeof(path), name, parent);
	if (debug_file_at(path)) {
		printk(KERN_ERR "debugfs: %s '%s' in directory '%s' already present!\n",
		       S_ISDIR(mode) ? "Directory" : "File", name, parent ? (char *)parent->d_iname : "/");
		return ERR_PTR(-EEXIST);
	}
	it = kmem_rt_zalloc(sizeof(*it));
	if (!it)
		return ERR_PTR(-ENOMEM);
	it->mode = mode;
	it->data = data;
	it->fops = fops;
	strlcpy(it->path, path, sizeof(it->path));
	strlcpy((char *)it->dentry.d_iname, name, sizeof(it->dentry.d_iname));
	it->dentry.d_name.name = it->dentry.d_iname;
	it->dentry.d_parent = parent;
	list_add_tail(&it->list, &debug_files);
	if (!parent)
		kmem_hold(KMEM_HOLD_DEBUGFS, it, "/sys/kernel/debug%s", path);
	return &it->dentry;
}

struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent, void *data,
				   const struct file_operations *fops)
{
	return add_debug(name, S_IFREG | mode, parent, data, fops);
}

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
	return add_debug(name, S_IFDIR | 0755, parent, NULL, NULL);
}

struct dentry *debugfs_create_symlink(const char *name, struct dentry *parent, const char *dest)
{
	return add_debug(name, S_IFLNK | 0777, parent, NULL, NULL);
}

static void drop_debug(struct debug_file *it)
{
	kmem_host_unhold(KMEM_HOLD_DEBUGFS, it);
	list_del(&it->list);
	kmem_host_rt_free(it);
}

void debugfs_remove(struct dentry *dentry)
{
	struct debug_file *it, *other, *next;
	size_t len;

	if (IS_ERR_OR_NULL(dentry))
		return;
	list_for_each_entry(it, &debug_files, list)
		if (&it->dentry == dentry)
			goto found;
	kmem_host_misuse("debugfs_remove: there is no such file", dentry);
	return;
found:
	len = strlen(it->path);
	list_for_each_entry_safe(other, next, &debug_files, list)
		if (!strncmp(other->path, it->path, len) && other->path[len] == '/')
			drop_debug(other);
	drop_debug(it);
}

struct dentry *debugfs_lookup(const char *name, struct dentry *parent)
{
	struct debug_file *it;
	char path[96];

	debug_path(path, sizeof(path), name, parent);
	it = debug_file_at(path);
	return it ? &it->dentry : NULL;
}

void debugfs_lookup_and_remove(const char *name, struct dentry *parent)
{
	debugfs_remove(debugfs_lookup(name, parent));
}

const struct file_operations *kmem_debugfs_find(const char *path, void **data, umode_t *mode)
{
	struct debug_file *it = debug_file_at(path);

	if (!it || !S_ISREG(it->mode))
		return NULL;
	*data = it->data;
	*mode = it->mode;
	return it->fops;
}

/* --- attributes of a number --- */

struct simple_attr {
	int (*get)(void *, u64 *);
	int (*set)(void *, u64);
	void *data;
	const char *fmt;
	char text[32];
};

int kmem_simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *, u64 *),
			  int (*set)(void *, u64), const char *fmt)
{
	struct simple_attr *attr = kmem_rt_zalloc(sizeof(*attr));

	if (!attr)
		return -ENOMEM;
	*attr = (struct simple_attr){ .get = get, .set = set, .data = inode->i_private, .fmt = fmt };
	file->private_data = attr;
	return nonseekable_open(inode, file);
}

int simple_attr_release(struct inode *inode, struct file *file)
{
	kmem_host_rt_free(file->private_data);
	return 0;
}

ssize_t simple_attr_read(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct simple_attr *attr = file->private_data;
	u64 value;
	int err;

	if (!attr->get)
		return -EACCES;
	if (!*ppos) {
		err = attr->get(attr->data, &value);
		if (err)
			return err;
		scnprintf(attr->text, sizeof(attr->text), attr->fmt, (unsigned long long)value);
	}
	return simple_read_from_buffer(buf, len, ppos, attr->text, strlen(attr->text));
}

ssize_t simple_attr_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	struct simple_attr *attr = file->private_data;
	long long value;
	char text[32];
	size_t n = min_t(size_t, len, sizeof(text) - 1);
	int err;

	if (!attr->set)
		return -EACCES;
	if (copy_from_user(text, buf, n))
		return -EFAULT;
	text[n] = '\0';
	err = kmem_parse_ll(strim(text), 0, &value);
	if (!err)
		err = attr->set(attr->data, value);
	return err ? err : (ssize_t)len;
}

#define VALUE_FILE(name, type, fmt)					\
static int get_##name(void *data, u64 *value) { *value = *(type *)data; return 0; }	\
static int set_##name(void *data, u64 value) { *(type *)data = value; return 0; }	\
DEFINE_SIMPLE_ATTRIBUTE(fops_##name, get_##name, set_##name, fmt);	\
void debugfs_create_##name(const char *title, umode_t mode, struct dentry *parent, type *value)	\
{									\
	add_debug(title, S_IFREG | mode, parent, value, &fops_##name);	\
}
VALUE_FILE(u8, u8, "%llu\n")
VALUE_FILE(u16, u16, "%llu\n")
VALUE_FILE(u32, u32, "%llu\n")
VALUE_FILE(u64, u64, "%llu\n")
VALUE_FILE(x8, u8, "0x%02llx\n")
VALUE_FILE(x16, u16, "0x%04llx\n")
VALUE_FILE(x32, u32, "0x%08llx\n")
VALUE_FILE(x64, u64, "0x%016llx\n")
VALUE_FILE(size_t, size_t, "%llu\n")
VALUE_FILE(ulong, unsigned long, "%llu\n")

static int get_atomic(void *data, u64 *value) { *value = atomic_read((atomic_t *)data); return 0; }
static int set_atomic(void *data, u64 value) { atomic_set((atomic_t *)data, value); return 0; }
DEFINE_SIMPLE_ATTRIBUTE(fops_atomic, get_atomic, set_atomic, "%lld\n");

void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value)
{
	add_debug(name, S_IFREG | mode, parent, value, &fops_atomic);
}

static ssize_t read_bool(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	bool *value = file->private_data;

	return simple_read_from_buffer(buf, len, ppos, *value ? "Y\n" : "N\n", 2);
}

static ssize_t write_bool(struct file *file, const char __user *buf, size_t len, loff_t *ppos)
{
	bool *value = file->private_data;
	char c;

	if (!len || copy_from_user(&c, buf, 1))
		return -EFAULT;
	if (strchr("yY1", c))
		*value = true;
	else if (strchr("nN0", c))
		*value = false;
	return len;
}

static const struct file_operations fops_bool = {
	.open = simple_open, .read = read_bool, .write = write_bool, .llseek = default_llseek,
};

void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, bool *value)
{
	add_debug(name, S_IFREG | mode, parent, value, &fops_bool);
}

static ssize_t read_blob(struct file *file, char __user *buf, size_t len, loff_t *ppos)
{
	struct debugfs_blob_wrapper *blob = file->private_data;

	return simple_read_from_buffer(buf, len, ppos, blob->data, blob->size);
}

static const struct file_operations fops_blob = {
	.open = simple_open, .read = read_blob, .llseek = default_llseek,
};

struct dentry *debugfs_create_blob(const char *name, umode_t mode, struct dentry *parent,
				   struct debugfs_blob_wrapper *blob)
{
	return add_debug(name, S_IFREG | (mode & 0444), parent, blob, &fops_blob);
}

static int show_regs(struct seq_file *s, void *unused)
{
	struct debugfs_regset32 *set = s->private;
	int i;

	for (i = 0; i < set->nregs; i++)
		seq_printf(s, "%s = 0x%08x\n", set->regs[i].name,
			   *(volatile u32 *)((char *)set->base + set->regs[i].offset));
	return 0;
}

static int open_regs(struct inode *inode, struct file *file)
{
	return single_open(file, show_regs, inode->i_private);
}

static const struct file_operations fops_regs = {
	.open = open_regs, .read = seq_read, .llseek = seq_lseek, .release = single_release,
};

void debugfs_create_regset32(const char *name, umode_t mode, struct dentry *parent, struct debugfs_regset32 *regset)
{
	add_debug(name, S_IFREG | mode, parent, regset, &fops_regs);
}
#endif
