/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files of /sys/kernel/debug. */
#pragma once
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/types.h>

struct device;

struct debugfs_blob_wrapper {
	void *data;
	unsigned long size;
};

struct debugfs_reg32 {
	char *name;
	unsigned long offset;
};

struct debugfs_regset32 {
	const struct debugfs_reg32 *regs;
	int nregs;
	void __iomem *base;
	struct device *dev;
};

struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent, void *data,
				   const struct file_operations *fops);
#define debugfs_create_file_unsafe(name, mode, parent, data, fops)	\
	debugfs_create_file((name), (mode), (parent), (data), (fops))
struct dentry *debugfs_create_dir(const char *name, struct dentry *parent);
struct dentry *debugfs_create_symlink(const char *name, struct dentry *parent, const char *dest);
void debugfs_remove(struct dentry *dentry);
#define debugfs_remove_recursive(dentry)	debugfs_remove(dentry)
void debugfs_lookup_and_remove(const char *name, struct dentry *parent);
struct dentry *debugfs_lookup(const char *name, struct dentry *parent);
void debugfs_create_u8(const char *name, umode_t mode, struct dentry *parent, u8 *value);
void debugfs_create_u16(const char *name, umode_t mode, struct dentry *parent, u16 *value);
void debugfs_create_u32(const char *name, umode_t mode, struct dentry *parent, u32 *value);
void debugfs_create_u64(const char *name, umode_t mode, struct dentry *parent, u64 *value);
void debugfs_create_x8(const char *name, umode_t mode, struct dentry *parent, u8 *value);
void debugfs_create_x16(const char *name, umode_t mode, struct dentry *parent, u16 *value);
void debugfs_create_x32(const char *name, umode_t mode, struct dentry *parent, u32 *value);
void debugfs_create_x64(const char *name, umode_t mode, struct dentry *parent, u64 *value);
void debugfs_create_size_t(const char *name, umode_t mode, struct dentry *parent, size_t *value);
void debugfs_create_ulong(const char *name, umode_t mode, struct dentry *parent, unsigned long *value);
void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value);
void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, _Bool *value);
struct dentry *debugfs_create_blob(const char *name, umode_t mode, struct dentry *parent,
				   struct debugfs_blob_wrapper *blob);
void debugfs_create_regset32(const char *name, umode_t mode, struct dentry *parent,
			     struct debugfs_regset32 *regset);
#define debugfs_initialized()	true
#define debugfs_real_fops(file)	((file)->f_op)

/* an attribute of a number, by two functions */
struct simple_attr_ops {
	int (*get)(void *, u64 *);
	int (*set)(void *, u64);
	const char *fmt;
};
int kmem_simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *, u64 *),
			  int (*set)(void *, u64), const char *fmt);
int simple_attr_release(struct inode *inode, struct file *file);
ssize_t simple_attr_read(struct file *file, char __user *buf, size_t len, loff_t *ppos);
ssize_t simple_attr_write(struct file *file, const char __user *buf, size_t len, loff_t *ppos);
#define simple_attr_open(inode, file, get, set, fmt)	kmem_simple_attr_open((inode), (file), (get), (set), (fmt))
#define DEFINE_SIMPLE_ATTRIBUTE(__fops, __get, __set, __fmt)		\
static int __fops##_open(struct inode *inode, struct file *file)	\
{									\
	return kmem_simple_attr_open(inode, file, __get, __set, __fmt);	\
}									\
static const struct file_operations __fops = {				\
	.owner = THIS_MODULE,						\
	.open = __fops##_open,						\
	.release = simple_attr_release,					\
	.read = simple_attr_read,					\
	.write = simple_attr_write,					\
	.llseek = generic_file_llseek,					\
}
#define DEFINE_DEBUGFS_ATTRIBUTE(__fops, __get, __set, __fmt)	\
	DEFINE_SIMPLE_ATTRIBUTE(__fops, __get, __set, __fmt)
