/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files whose text a driver makes record by record. */
#pragma once
#include <linux/types.h>
#include <linux/string.h>
#include <linux/bug.h>
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/fs.h>

struct seq_operations;

struct seq_file {
	char *buf;
	size_t size;
	size_t from;
	size_t count;
	size_t pad_until;
	loff_t index;
	loff_t read_pos;
	struct mutex lock;
	const struct seq_operations *op;
	struct file *file;
	void *private;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

#define SEQ_SKIP	1
#define SEQ_START_TOKEN	((void *)1)

int seq_open(struct file *file, const struct seq_operations *op);
ssize_t seq_read(struct file *file, char __user *buf, size_t size, loff_t *ppos);
loff_t seq_lseek(struct file *file, loff_t offset, int whence);
int seq_release(struct inode *inode, struct file *file);
int seq_release_private(struct inode *inode, struct file *file);
int single_open(struct file *file, int (*show)(struct seq_file *, void *), void *data);
int single_release(struct inode *inode, struct file *file);
int seq_escape(struct seq_file *m, const char *s, const char *esc);
__printf(2, 3) int seq_printf(struct seq_file *m, const char *fmt, ...);
int seq_puts(struct seq_file *m, const char *s);
int seq_putc(struct seq_file *m, char c);

#if KMEM_ERA >= 60
ssize_t seq_read_iter(struct kiocb *iocb, struct iov_iter *iter);
int seq_write(struct seq_file *m, const void *data, size_t len);
__printf(2, 0) void seq_vprintf(struct seq_file *m, const char *fmt, va_list args);
void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, unsigned long long num);
void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, long long num);
void seq_put_hex_ll(struct seq_file *m, const char *delimiter, unsigned long long v,
		    unsigned int width);
void seq_pad(struct seq_file *m, char c);
void seq_hex_dump(struct seq_file *m, const char *prefix_str, int prefix_type, int rowsize,
		  int groupsize, const void *buf, size_t len, bool ascii);
int single_open_size(struct file *file, int (*show)(struct seq_file *, void *), void *data,
		     size_t size);
void *__seq_open_private(struct file *file, const struct seq_operations *ops, int psize);
int seq_open_private(struct file *file, const struct seq_operations *ops, int psize);
struct list_head *seq_list_start(struct list_head *head, loff_t pos);
struct list_head *seq_list_start_head(struct list_head *head, loff_t pos);
struct list_head *seq_list_next(void *v, struct list_head *head, loff_t *ppos);
struct hlist_node *seq_hlist_start(struct hlist_head *head, loff_t pos);
struct hlist_node *seq_hlist_start_head(struct hlist_head *head, loff_t pos);
struct hlist_node *seq_hlist_next(void *v, struct hlist_head *head, loff_t *ppos);

static inline void seq_setwidth(struct seq_file *m, size_t size)
{
	m->pad_until = m->count + size;
}

static inline bool seq_has_overflowed(struct seq_file *m)
{
	return m->count == m->size;
}

#define seq_user_ns(seq)	((void *)0)
#define DEFINE_SEQ_ATTRIBUTE(name)					\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	int ret = seq_open(file, &name##_sops);				\
	if (!ret && inode->i_private)					\
		((struct seq_file *)file->private_data)->private = inode->i_private;	\
	return ret;							\
}									\
static const struct file_operations name##_fops = {			\
	.owner = THIS_MODULE, .open = name##_open, .read = seq_read,	\
	.llseek = seq_lseek, .release = seq_release,			\
}
#define kmem_single_open(name, data)					\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return single_open(file, name##_show, data);			\
}
#define kmem_single_fops						\
	.owner = THIS_MODULE, .read = seq_read, .llseek = seq_lseek, .release = single_release
#define DEFINE_SHOW_ATTRIBUTE(name)					\
kmem_single_open(name, inode->i_private)				\
static const struct file_operations name##_fops = {			\
	.open = name##_open, kmem_single_fops,				\
}
#define DEFINE_SHOW_STORE_ATTRIBUTE(name)				\
kmem_single_open(name, inode->i_private)				\
static const struct file_operations name##_fops = {			\
	.open = name##_open, .write = name##_write, kmem_single_fops,	\
}
#define DEFINE_PROC_SHOW_ATTRIBUTE(name)				\
kmem_single_open(name, pde_data(inode))					\
static const struct proc_ops name##_proc_ops = {			\
	.proc_open = name##_open, .proc_read = seq_read,		\
	.proc_lseek = seq_lseek, .proc_release = single_release,	\
}
#endif
