/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What drivers take for their file_operations ready-made: positions, opening, notification. */
#include <linux/fs.h>
#include <linux/kernel.h>
#include "rt.h"

int nonseekable_open(struct inode *inode, struct file *filp)
{
	filp->f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	return 0;
}

static loff_t set_position(struct file *file, loff_t offset, loff_t max)
{
	if (offset < 0 || offset > max)
		return -EINVAL;
	file->f_pos = offset;
	return offset;
}

static loff_t seek(struct file *file, loff_t offset, int whence, loff_t max, loff_t end)
{
	if (whence == SEEK_CUR)
		offset += file->f_pos;
	else if (whence == SEEK_END)
		offset += end;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return set_position(file, offset, max);
}

static struct inode *inode_of(struct file *file)
{
#if KMEM_ERA >= 60
	return file->f_inode;
#else
	return file->f_dentry->d_inode;
#endif
}

loff_t default_llseek(struct file *file, loff_t offset, int whence)
{
	return seek(file, offset, whence, LLONG_MAX, i_size_read(inode_of(file)));
}

loff_t generic_file_llseek(struct file *file, loff_t offset, int whence)
{
	return default_llseek(file, offset, whence);
}

#if LINUX_VERSION_CODE < 0x060000
loff_t no_llseek(struct file *file, loff_t offset, int whence)
{
	return -ESPIPE;
}
#endif

#if KMEM_ERA >= 60

int stream_open(struct inode *inode, struct file *filp)
{
	filp->f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	filp->f_mode |= FMODE_STREAM;
	return 0;
}

int simple_open(struct inode *inode, struct file *file)
{
	if (inode->i_private)
		file->private_data = inode->i_private;
	return 0;
}

loff_t noop_llseek(struct file *file, loff_t offset, int whence)
{
	return file->f_pos;
}

loff_t vfs_setpos(struct file *file, loff_t offset, loff_t maxsize)
{
	return set_position(file, offset, maxsize);
}

loff_t generic_file_llseek_size(struct file *file, loff_t offset, int whence,
				loff_t maxsize, loff_t eof)
{
	return seek(file, offset, whence, maxsize, eof);
}

loff_t fixed_size_llseek(struct file *file, loff_t offset, int whence, loff_t size)
{
	return seek(file, offset, whence, size, size);
}

loff_t no_seek_end_llseek_size(struct file *file, loff_t offset, int whence, loff_t size)
{
	return whence == SEEK_END ? -EINVAL : seek(file, offset, whence, size, 0);
}

loff_t no_seek_end_llseek(struct file *file, loff_t offset, int whence)
{
	return no_seek_end_llseek_size(file, offset, whence, LLONG_MAX);
}

long compat_ptr_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return file->f_op->unlocked_ioctl ? file->f_op->unlocked_ioctl(file, cmd, arg) : -ENOIOCTLCMD;
}

#endif

#if LINUX_VERSION_CODE < 0x040100
int aio_complete(struct kiocb *iocb, long res, long res2)
{
	kmem_host_misuse("aio_complete: this transfer is one that its caller waits for", iocb);
	return 0;
}
#endif

#if KMEM_ERA >= 60
ssize_t generic_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	kmem_host_misuse("generic_file_read_iter: a device's file has no pages in a cache", iocb);
	return -EIO;
}

ssize_t generic_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	kmem_host_misuse("generic_file_write_iter: a device's file has no pages in a cache", iocb);
	return -EIO;
}
#endif

/* who wants to be told about a file */
struct fasync_struct {
	struct fasync_struct *next;
	struct file *file;
};

int fasync_helper(int fd, struct file *filp, int on, struct fasync_struct **queue)
{
	struct fasync_struct **at, *found;

	for (at = queue; *at && (*at)->file != filp; at = &(*at)->next)
		;
	found = *at;
	if (on) {
		if (found)
			return 0;
		found = kmem_rt_zalloc(sizeof(*found));
		if (!found)
			return -ENOMEM;
		found->file = filp;
		found->next = *queue;
		*queue = found;
		return 1;
	}
	if (!found)
		return 0;
	*at = found->next;
	kmem_host_rt_free(found);
	return 1;
}

void kill_fasync(struct fasync_struct **queue, int sig, int band)
{
	struct fasync_struct *at;

	for (at = *queue; at; at = at->next)
		at->file->f_owner.kmem_told++;
}
