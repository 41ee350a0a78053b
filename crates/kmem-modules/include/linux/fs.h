/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files, as far as drivers see them. */
#pragma once
#include <linux/linkage.h>
#include <linux/limits.h>
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/ioctl.h>
#include <linux/list.h>
#include <linux/stat.h>
#include <linux/cache.h>
#include <linux/dcache.h>
#include <linux/path.h>
#include <linux/fcntl.h>
#include <linux/errno.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/init.h>
#include <linux/mm_types.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <linux/export.h>
#if KMEM_ERA >= 60
#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/uaccess.h>
#include <linux/slab.h>
#else
#include <linux/string.h>
#include <asm/semaphore.h>
#endif

struct cdev;
struct dir_context;
struct file;
struct file_lock;
struct file_operations;
struct inode;
struct kiocb;
struct module;
struct pipe_inode_info;
struct seq_file;
struct poll_table_struct;
struct super_block;
struct vm_area_struct;

#define SEEK_SET	0
#define SEEK_CUR	1
#define SEEK_END	2

#define READ	0
#define WRITE	1

#define FMODE_READ	1
#define FMODE_WRITE	2
#define FMODE_LSEEK	4
#define FMODE_PREAD	8
#define FMODE_PWRITE	0x10
#define FMODE_EXEC	0x20
#define FMODE_NDELAY	0x40
#define FMODE_EXCL	0x80
#if KMEM_ERA >= 60
#define FMODE_STREAM	0x200000
#define FMODE_NOWAIT	0x8000000
#define IOCB_NOWAIT	0x08
#endif

#define CHRDEV_MAJOR_MAX	512

struct inode {
	umode_t i_mode;
	dev_t i_rdev;
	unsigned long i_ino;
	loff_t i_size;
	unsigned int i_nlink;
	atomic_t i_count;
	unsigned int i_flags;
	unsigned int i_blkbits;
	struct cdev *i_cdev;
	const struct file_operations *i_fop;
	struct super_block *i_sb;
#if KMEM_ERA >= 60
	kuid_t i_uid;
	kgid_t i_gid;
	void *i_private;
	struct mutex kmem_lock;
#else
	uid_t i_uid;
	gid_t i_gid;
	struct semaphore i_sem;
	union {
		void *generic_ip;
	} u;
#endif
};

struct fown_struct {
	int signum;
	unsigned int kmem_told;		/* how often kill_fasync() came to this file */
};

struct file {
	const struct file_operations *f_op;
#if KMEM_ERA >= 60
	fmode_t f_mode;
	struct path f_path;
	struct inode *f_inode;
#else
	mode_t f_mode;
	struct dentry *f_dentry;
	struct vfsmount *f_vfsmnt;
#endif
	unsigned int f_flags;
	loff_t f_pos;
	void *private_data;
	spinlock_t f_lock;
	atomic_t f_count;
	u64 f_version;
	struct fown_struct f_owner;
};

/* a transfer that goes on while its caller does something else; those that come here are waited for */
struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
#if LINUX_VERSION_CODE >= 0x051000
	void (*ki_complete)(struct kiocb *iocb, long ret);
#else
	void (*ki_complete)(struct kiocb *iocb, long ret, long ret2);
#endif
	void *private;
	int ki_flags;
	size_t ki_nbytes, ki_left;
};

static inline _Bool is_sync_kiocb(struct kiocb *kiocb)
{
	return !kiocb->ki_complete;
}

#if KMEM_ERA >= 60
char *file_path(struct file *filp, char *buf, int len);
#if LINUX_VERSION_CODE < 0x031300
#define f_dentry	f_path.dentry
#define f_vfsmnt	f_path.mnt
#endif
#endif

typedef int (*filldir_t)(void *, const char *, int, loff_t, u64, unsigned int);
typedef void *fl_owner_t;

struct file_operations {
	struct module *owner;
	loff_t (*llseek)(struct file *, loff_t, int);
	ssize_t (*read)(struct file *, char __user *, size_t, loff_t *);
	ssize_t (*write)(struct file *, const char __user *, size_t, loff_t *);
#if KMEM_ERA >= 60
	ssize_t (*read_iter)(struct kiocb *, struct iov_iter *);
	ssize_t (*write_iter)(struct kiocb *, struct iov_iter *);
	int (*iopoll)(struct kiocb *, unsigned int flags);
	int (*iterate)(struct file *, struct dir_context *);
	int (*iterate_shared)(struct file *, struct dir_context *);
#if LINUX_VERSION_CODE < 0x040100
	ssize_t (*aio_read)(struct kiocb *, const struct iovec *, unsigned long, loff_t);
	ssize_t (*aio_write)(struct kiocb *, const struct iovec *, unsigned long, loff_t);
#endif
#if LINUX_VERSION_CODE < 0x030b00
	int (*readdir)(struct file *, void *, filldir_t);
#endif
#if LINUX_VERSION_CODE >= 0x041000
	__poll_t (*poll)(struct file *, struct poll_table_struct *);
#else
	unsigned int (*poll)(struct file *, struct poll_table_struct *);
#endif
#if LINUX_VERSION_CODE < 0x020624
	int (*ioctl)(struct inode *, struct file *, unsigned int, unsigned long);
#endif
#else
	ssize_t (*aio_read)(struct kiocb *, char __user *, size_t, loff_t);
	ssize_t (*aio_write)(struct kiocb *, const char __user *, size_t, loff_t);
	int (*readdir)(struct file *, void *, filldir_t);
	unsigned int (*poll)(struct file *, struct poll_table_struct *);
	int (*ioctl)(struct inode *, struct file *, unsigned int, unsigned long);
#endif
	long (*unlocked_ioctl)(struct file *, unsigned int, unsigned long);
	long (*compat_ioctl)(struct file *, unsigned int, unsigned long);
	int (*mmap)(struct file *, struct vm_area_struct *);
	int (*open)(struct inode *, struct file *);
#if LINUX_VERSION_CODE >= 0x020612
	int (*flush)(struct file *, fl_owner_t id);
#else
	int (*flush)(struct file *);
#endif
	int (*release)(struct inode *, struct file *);
#if LINUX_VERSION_CODE >= 0x030100
	int (*fsync)(struct file *, loff_t, loff_t, int datasync);
#else
	int (*fsync)(struct file *, struct dentry *, int datasync);
#endif
	int (*fasync)(int, struct file *, int);
	int (*lock)(struct file *, int, struct file_lock *);
	unsigned long (*get_unmapped_area)(struct file *, unsigned long, unsigned long, unsigned long, unsigned long);
	int (*check_flags)(int);
	int (*flock)(struct file *, int, struct file_lock *);
#if KMEM_ERA >= 60
#if LINUX_VERSION_CODE < 0x060500
	ssize_t (*sendpage)(struct file *, struct page *, int, size_t, loff_t *, int);
#endif
	long (*fallocate)(struct file *file, int mode, loff_t offset, loff_t len);
	void (*show_fdinfo)(struct seq_file *m, struct file *f);
	int (*fadvise)(struct file *, loff_t, loff_t, int);
	ssize_t (*splice_read)(struct file *, loff_t *, struct pipe_inode_info *, size_t, unsigned int);
	ssize_t (*splice_write)(struct pipe_inode_info *, struct file *, loff_t *, size_t, unsigned int);
#else
	ssize_t (*readv)(struct file *, const struct iovec *, unsigned long, loff_t *);
	ssize_t (*writev)(struct file *, const struct iovec *, unsigned long, loff_t *);
#endif
};

#if LINUX_VERSION_CODE < 0x040100
/* no transfer that comes here goes on by itself */
int aio_complete(struct kiocb *iocb, long res, long res2);
#endif

#if KMEM_ERA >= 60
/* of files that have pages in a cache, which none here have */
ssize_t generic_file_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t generic_file_write_iter(struct kiocb *iocb, struct iov_iter *from);
#endif

static inline unsigned int iminor(const struct inode *inode)
{
	return MINOR(inode->i_rdev);
}

static inline unsigned int imajor(const struct inode *inode)
{
	return MAJOR(inode->i_rdev);
}

static inline loff_t i_size_read(const struct inode *inode)
{
	return inode->i_size;
}

static inline void i_size_write(struct inode *inode, loff_t size)
{
	inode->i_size = size;
}

#if KMEM_ERA >= 60
static inline struct inode *file_inode(const struct file *f)
{
	return f->f_inode;
}

#define file_dentry(file)	((file)->f_path.dentry)
#define inode_lock(inode)	mutex_lock(&(inode)->kmem_lock)
#define inode_unlock(inode)	mutex_unlock(&(inode)->kmem_lock)
#define inode_trylock(inode)	mutex_trylock(&(inode)->kmem_lock)
#endif

#define fops_get(fops)	(fops)
#define fops_put(fops)	((void)(fops))
#define replace_fops(filp, fops)	((filp)->f_op = (fops))

/* devices by number */
int register_chrdev(unsigned int major, const char *name, const struct file_operations *fops);
int alloc_chrdev_region(dev_t *dev, unsigned int baseminor, unsigned int count, const char *name);
int register_chrdev_region(dev_t from, unsigned int count, const char *name);
void unregister_chrdev_region(dev_t from, unsigned int count);
#if KMEM_ERA >= 60
void unregister_chrdev(unsigned int major, const char *name);
int __register_chrdev(unsigned int major, unsigned int baseminor, unsigned int count,
		      const char *name, const struct file_operations *fops);
void __unregister_chrdev(unsigned int major, unsigned int baseminor, unsigned int count,
			 const char *name);
#else
int unregister_chrdev(unsigned int major, const char *name);
#endif

/* positions */
int nonseekable_open(struct inode *inode, struct file *filp);
loff_t default_llseek(struct file *file, loff_t offset, int whence);
loff_t generic_file_llseek(struct file *file, loff_t offset, int whence);
#if LINUX_VERSION_CODE < 0x060000
loff_t no_llseek(struct file *file, loff_t offset, int whence);
#elif LINUX_VERSION_CODE < 0x060c00
#define no_llseek	NULL
#endif
#if KMEM_ERA >= 60
int stream_open(struct inode *inode, struct file *filp);
int simple_open(struct inode *inode, struct file *file);
loff_t noop_llseek(struct file *file, loff_t offset, int whence);
loff_t fixed_size_llseek(struct file *file, loff_t offset, int whence, loff_t size);
loff_t no_seek_end_llseek(struct file *file, loff_t offset, int whence);
loff_t no_seek_end_llseek_size(struct file *file, loff_t offset, int whence, loff_t size);
loff_t generic_file_llseek_size(struct file *file, loff_t offset, int whence,
				loff_t maxsize, loff_t eof);
loff_t vfs_setpos(struct file *file, loff_t offset, loff_t maxsize);
ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *ppos,
			       const void __user *from, size_t count);
long compat_ptr_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#endif
ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *ppos,
				const void *from, size_t available);

/* asynchronous notification: whoever asked for it is kept, and how often it was told is counted */
struct fasync_struct;
int fasync_helper(int fd, struct file *filp, int on, struct fasync_struct **queue);
void kill_fasync(struct fasync_struct **queue, int sig, int band);
#define POLL_IN		1
#define POLL_OUT	2
#define POLL_MSG	3
#define POLL_ERR	4
#define POLL_PRI	5
#define POLL_HUP	6
