/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Open files: what the system calls do before and after they reach a driver. */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/major.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "rt.h"

struct open_file {
	struct file file;
	struct inode inode;
	struct dentry dentry;
	struct proc_dir_entry *pde;
	void *data;		/* an attribute of /sys */
	char node[160];
};

static struct open_file *open_files[256];

struct proc_dir_entry *kmem_inode_pde(const struct inode *inode)
{
	return container_of(inode, struct open_file, inode)->pde;
}

void *kmem_inode_data(const struct inode *inode)
{
	return container_of(inode, struct open_file, inode)->data;
}

/* @NAME or @NAME:MINOR */
static int dev_of_name(const char *name, dev_t *dev)
{
	char text[64], *colon;
	unsigned int minor = 0;

	strlcpy(text, name, sizeof(text));
	colon = strchr(text, ':');
	if (colon) {
		*colon = '\0';
		minor = simple_strtoul(colon + 1, NULL, 0);
	}
	return kmem_chrdev_by_name(text, minor, dev);
}

static int dev_of_node(const char *name, dev_t *dev)
{
	if (!kmem_device_by_node(name, dev))
		return 0;
	return kmem_chrdev_by_node(name, dev);
}

/* finds what is behind a name: the inode's number and operations */
static int look_up(struct open_file *f, const char *node, const struct file_operations **fops)
{
	struct inode *inode = &f->inode;
	void *misc = NULL;
	int err;

	if (!strncmp(node, "/proc/", 6)) {
		f->pde = kmem_proc_find(node + 6);
		if (!f->pde)
			return -ENOENT;
		*fops = kmem_proc_fops(f->pde);
		inode->i_mode = S_IFREG | S_IRUGO;
		return *fops ? 0 : -EISDIR;
	}
	if (!strncmp(node, "/sys/", 5)) {
#if KMEM_ERA >= 60
		if (!strncmp(node, "/sys/kernel/debug/", 18)) {
			*fops = kmem_debugfs_find(node + 17, &inode->i_private, &inode->i_mode);
			return *fops ? 0 : -ENOENT;
		}
#endif
		*fops = kmem_sysfs_find(node, &f->data, &inode->i_mode);
		return *fops ? 0 : -ENOENT;
	}
	if (node[0] == '@')
		err = dev_of_name(node + 1, &inode->i_rdev);
	else if (!strncmp(node, "/dev/", 5))
		err = dev_of_node(node + 5, &inode->i_rdev);
	else
		err = -ENOENT;
	if (err)
		return err;
	inode->i_mode = S_IFCHR | S_IRUSR | S_IWUSR;
	if (imajor(inode) == MISC_MAJOR) {
		*fops = kmem_misc_fops(iminor(inode), &misc);
		if (!*fops)
			return -ENODEV;
#if KMEM_ERA >= 60
		f->file.private_data = misc;
#endif
		return 0;
	}
	inode->i_cdev = kmem_cdev_of(inode->i_rdev);
	if (!inode->i_cdev || !inode->i_cdev->ops)
		return -ENXIO;
	*fops = inode->i_cdev->ops;
	return 0;
}

static void set_up(struct open_file *f, const char *node, unsigned int flags)
{
	const char *slash = strrchr(node, '/');

	strlcpy(f->node, node, sizeof(f->node));
	strlcpy((char *)f->dentry.d_iname, slash ? slash + 1 : node, sizeof(f->dentry.d_iname));
	f->dentry.d_name.name = f->dentry.d_iname;
	f->dentry.d_name.len = strlen((char *)f->dentry.d_iname);
	f->dentry.d_parent = &f->dentry;
	f->dentry.d_inode = &f->inode;
	f->inode.i_nlink = 1;
	atomic_set(&f->inode.i_count, 1);
	atomic_set(&f->file.f_count, 1);
	f->file.f_flags = flags;
	f->file.f_mode = ((flags + 1) & O_ACCMODE) | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
#if KMEM_ERA >= 60
	mutex_init(&f->inode.kmem_lock);
	f->file.f_path.dentry = &f->dentry;
	f->file.f_inode = &f->inode;
#else
	sema_init(&f->inode.i_sem, 1);
	f->file.f_dentry = &f->dentry;
#endif
}

static int do_open(struct open_file *f, const char *node)
{
	const struct file_operations *fops = NULL;
	int err = look_up(f, node, &fops);

	if (err)
		return err;
	f->file.f_op = fops;
	f->inode.i_fop = fops;
	if (LINUX_VERSION_CODE >= 0x060000 && !fops->llseek)
		f->file.f_mode &= ~FMODE_LSEEK;
	if (fops->open) {
		err = fops->open(&f->inode, &f->file);
		kmem_rt_idle();
	}
	if (err)
		return err;
	f->file.f_flags &= ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
	return 0;
}

long kmem_fs_open(const char *node, unsigned int flags)
{
	struct open_file *f;
	int h, err;

	for (h = 0; h < (int)ARRAY_SIZE(open_files) && open_files[h]; h++)
		;
	if (h == (int)ARRAY_SIZE(open_files))
		return -EMFILE;
	f = kmem_rt_zalloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	set_up(f, node, flags);
	err = do_open(f, node);
	if (err) {
		kmem_host_rt_free(f);
		return err;
	}
	open_files[h] = f;
	kmem_host_hold(KMEM_HOLD_FILE, f, f->node, NULL);
	return h;
}

static struct file *file_of(int h)
{
	return h >= 0 && h < (int)ARRAY_SIZE(open_files) && open_files[h] ? &open_files[h]->file : NULL;
}

/* a file of /proc that has no such operation */
static long missing(const struct file *file)
{
	return container_of(file, struct open_file, file)->pde ? -EIO : -EINVAL;
}

static long check_range(const void __user *buf, size_t n, const loff_t *pos)
{
	if ((ssize_t)n < 0 || (pos && *pos < 0))
		return -EINVAL;
	return kmem_access_ok((unsigned long)buf, n) ? 0 : -EFAULT;
}

/* the position that a call works on: none for a stream */
static loff_t *position(struct file *file, loff_t *copy)
{
#if KMEM_ERA >= 60
	if (file->f_mode & FMODE_STREAM)
		return NULL;
#endif
	*copy = file->f_pos;
	return copy;
}

#if KMEM_ERA >= 60
static ssize_t by_iter(struct file *file, char __user *buf, size_t n, loff_t *pos,
		       ssize_t (*call)(struct kiocb *, struct iov_iter *), bool is_write)
{
	struct kiocb kiocb = { .ki_filp = file, .ki_pos = pos ? *pos : 0 };
	struct iov_iter iter = { .ubuf = buf, .count = n, .data_source = is_write };
	ssize_t ret = call(&kiocb, &iter);

	if (pos)
		*pos = kiocb.ki_pos;
	return ret;
}
#endif

long kmem_fs_read(int h, char __user *ubuf, unsigned long n)
{
	struct file *file = file_of(h);
	loff_t copy, *pos;
	long ret;

	if (!file || !(file->f_mode & FMODE_READ))
		return -EBADF;
	pos = position(file, &copy);
	ret = check_range(ubuf, n, pos);
	if (ret)
		return ret;
	if (file->f_op->read)
		ret = file->f_op->read(file, ubuf, n, pos);
#if KMEM_ERA >= 60
	else if (file->f_op->read_iter)
		ret = by_iter(file, ubuf, n, pos, file->f_op->read_iter, false);
#endif
	else
		return missing(file);
	if (pos && ret >= 0)
		file->f_pos = *pos;
	kmem_rt_idle();
	return ret;
}

long kmem_fs_write(int h, const char __user *ubuf, unsigned long n)
{
	struct file *file = file_of(h);
	loff_t copy, *pos;
	long ret;

	if (!file || !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	pos = position(file, &copy);
	ret = check_range(ubuf, n, pos);
	if (ret)
		return ret;
	if (file->f_op->write)
		ret = file->f_op->write(file, ubuf, n, pos);
#if KMEM_ERA >= 60
	else if (file->f_op->write_iter)
		ret = by_iter(file, (char __user *)ubuf, n, pos, file->f_op->write_iter, true);
#endif
	else
		return missing(file);
	if (pos && ret >= 0)
		file->f_pos = *pos;
	kmem_rt_idle();
	return ret;
}

long long kmem_fs_lseek(int h, u32 low, u32 high, int whence)
{
	struct file *file = file_of(h);
	long long ret, off = (u64)high << 32 | low;

	if (!file)
		return -EBADF;
	if (whence < SEEK_SET || whence > SEEK_END)
		return -EINVAL;
	if (!(file->f_mode & FMODE_LSEEK))
		return -ESPIPE;
	ret = (file->f_op->llseek ? file->f_op->llseek : default_llseek)(file, off, whence);
	kmem_rt_idle();
	return ret;
}

long kmem_fs_ioctl(int h, unsigned int cmd, unsigned long arg)
{
	struct file *file = file_of(h);
	long ret = -ENOTTY;

	if (!file)
		return -EBADF;
	if (file->f_op->unlocked_ioctl) {
		ret = file->f_op->unlocked_ioctl(file, cmd, arg);
		if (ret == -ENOIOCTLCMD)
			ret = KMEM_ERA >= 60 ? -ENOTTY : -EINVAL;
	}
#if KMEM_ERA < 60
	else if (file->f_op->ioctl)
		ret = file->f_op->ioctl(file->f_dentry->d_inode, file, cmd, arg);
#endif
	kmem_rt_idle();
	return ret;
}

long kmem_fs_close(int h)
{
	struct file *file = file_of(h);
	long ret = 0;

	if (!file)
		return -EBADF;
	if (file->f_op->flush)
#if LINUX_VERSION_CODE >= 0x020612
		ret = file->f_op->flush(file, NULL);
#else
		ret = file->f_op->flush(file);
#endif
	if (file->f_op->release)
		file->f_op->release(&open_files[h]->inode, file);
	kmem_rt_idle();
	kmem_host_unhold(KMEM_HOLD_FILE, open_files[h]);
	kmem_host_rt_free(open_files[h]);
	open_files[h] = NULL;
	return ret;
}
