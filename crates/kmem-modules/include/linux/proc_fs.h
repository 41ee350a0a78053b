/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files in /proc. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/fs.h>

struct proc_dir_entry;
struct seq_file;
struct seq_operations;

#if KMEM_ERA >= 60
#if LINUX_VERSION_CODE >= 0x050600
#define PROC_ENTRY_PERMANENT	1

struct proc_ops {
	unsigned int proc_flags;
	int (*proc_open)(struct inode *, struct file *);
	ssize_t (*proc_read)(struct file *, char __user *, size_t, loff_t *);
	ssize_t (*proc_read_iter)(struct kiocb *, struct iov_iter *);
	ssize_t (*proc_write)(struct file *, const char __user *, size_t, loff_t *);
	loff_t (*proc_lseek)(struct file *, loff_t, int);
	int (*proc_release)(struct inode *, struct file *);
	__poll_t (*proc_poll)(struct file *, struct poll_table_struct *);
	long (*proc_ioctl)(struct file *, unsigned int, unsigned long);
	int (*proc_mmap)(struct file *, struct vm_area_struct *);
	unsigned long (*proc_get_unmapped_area)(struct file *, unsigned long, unsigned long, unsigned long,
						unsigned long);
};
#define kmem_proc_ops	proc_ops
#else
#define kmem_proc_ops	file_operations
#endif

struct proc_dir_entry *proc_create_data(const char *name, umode_t mode,
					struct proc_dir_entry *parent,
					const struct kmem_proc_ops *ops, void *data);
struct proc_dir_entry *proc_create(const char *name, umode_t mode,
				   struct proc_dir_entry *parent,
				   const struct kmem_proc_ops *ops);
struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode,
					       struct proc_dir_entry *parent,
					       int (*show)(struct seq_file *, void *),
					       void *data);
struct proc_dir_entry *proc_create_seq_private(const char *name, umode_t mode,
					       struct proc_dir_entry *parent,
					       const struct seq_operations *ops,
					       unsigned int state_size, void *data);
#define proc_create_single(name, mode, parent, show)	\
	proc_create_single_data(name, mode, parent, show, NULL)
#define proc_create_seq_data(name, mode, parent, ops, data)	\
	proc_create_seq_private(name, mode, parent, ops, 0, data)
#define proc_create_seq(name, mode, parent, ops)	\
	proc_create_seq_private(name, mode, parent, ops, 0, NULL)

struct proc_dir_entry *proc_mkdir_data(const char *name, umode_t mode,
				       struct proc_dir_entry *parent, void *data);
struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent,
				    const char *dest);
void proc_remove(struct proc_dir_entry *entry);
int remove_proc_subtree(const char *name, struct proc_dir_entry *parent);
void proc_set_size(struct proc_dir_entry *entry, loff_t size);
void proc_set_user(struct proc_dir_entry *entry, kuid_t uid, kgid_t gid);
void *proc_get_parent_data(const struct inode *inode);
#if LINUX_VERSION_CODE >= 0x051100
void *pde_data(const struct inode *inode);
#else
void *PDE_DATA(const struct inode *inode);
#endif
#endif

#if LINUX_VERSION_CODE < 0x030a00
/* a file by two functions: one fills a page, the other takes what is written */
typedef int (read_proc_t)(char *page, char **start, off_t off, int count, int *eof, void *data);
typedef int (write_proc_t)(struct file *file, const char __user *buffer,
			   unsigned long count, void *data);
typedef int (get_info_t)(char *, char **, off_t, int);

struct proc_dir_entry {
	unsigned short namelen;
	const char *name;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	unsigned long size;
	const struct file_operations *proc_fops;
	get_info_t *get_info;
	struct module *owner;
	struct proc_dir_entry *parent;
	void *data;
	read_proc_t *read_proc;
	write_proc_t *write_proc;
	struct list_head kmem_all;
	char kmem_path[64];
#if KMEM_ERA >= 60
	struct file_operations fops;
	int (*show)(struct seq_file *, void *);
	const struct seq_operations *seq_ops;
	unsigned int state_size;
#endif
};

extern struct proc_dir_entry proc_root;
extern struct proc_dir_entry *proc_root_fs, *proc_root_driver, *proc_bus, *proc_net;

struct proc_dir_entry *create_proc_entry(const char *name, mode_t mode,
					 struct proc_dir_entry *parent);
struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent,
				    const char *dest);

static inline struct proc_dir_entry *
create_proc_read_entry(const char *name, mode_t mode, struct proc_dir_entry *base,
		       read_proc_t *read_proc, void *data)
{
	struct proc_dir_entry *entry = create_proc_entry(name, mode, base);

	if (entry) {
		entry->read_proc = read_proc;
		entry->data = data;
	}
	return entry;
}

static inline struct proc_dir_entry *
create_proc_info_entry(const char *name, mode_t mode, struct proc_dir_entry *base,
		       get_info_t *get_info)
{
	struct proc_dir_entry *entry = create_proc_entry(name, mode, base);

	if (entry)
		entry->get_info = get_info;
	return entry;
}

struct proc_dir_entry *PDE(const struct inode *inode);
#endif

struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent);
void remove_proc_entry(const char *name, struct proc_dir_entry *parent);
