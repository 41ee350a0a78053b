/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files whose text is made record by record, into a buffer that grows until one record fits. */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "rt.h"

int seq_open(struct file *file, const struct seq_operations *op)
{
	struct seq_file *m = kmem_rt_zalloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	mutex_init(&m->lock);
	m->op = op;
	m->file = file;
	file->private_data = m;
	file->f_mode &= ~FMODE_PWRITE;
	return 0;
}

static void overflowed(struct seq_file *m)
{
	m->count = m->size;
}

static int is_overflowed(const struct seq_file *m)
{
	return m->count == m->size;
}

static int have_buffer(struct seq_file *m, size_t size)
{
	if (m->buf && m->size == size)
		return 1;
	kmem_host_rt_free(m->buf);
	m->buf = kmem_host_rt_alloc(size);
	m->size = m->buf ? size : 0;
	m->count = 0;
	return m->buf != NULL;
}

/* shows one record; what it wrote goes again when it is to be skipped or failed */
static int show_one(struct seq_file *m, void *p)
{
	size_t before = m->count;
	int err = m->op->show(m, p);

	if (err)
		m->count = before;
	return err < 0 ? err : 0;
}

/* makes text from the record at m->index on: at least one record, then as many as fit into size */
static int make_text(struct seq_file *m, size_t size)
{
	void *p;
	int err;

	m->from = 0;
	for (;;) {
		p = m->op->start(m, &m->index);
		err = IS_ERR(p) ? PTR_ERR(p) : 0;
		if (!p || err)
			break;
		err = show_one(m, p);
		if (err)
			break;
		if (!m->count) {	/* nothing shown: the next record */
			p = m->op->next(m, p, &m->index);
			m->op->stop(m, p);
			if (!p || IS_ERR(p))
				return p ? PTR_ERR(p) : 0;
			continue;
		}
		if (!is_overflowed(m))
			goto more;
		m->op->stop(m, p);
		m->count = 0;
		if (!have_buffer(m, m->size * 2))
			return -ENOMEM;
	}
	m->op->stop(m, p);
	m->count = 0;
	return err;
more:
	for (;;) {
		size_t before = m->count;

		p = m->op->next(m, p, &m->index);
		if (!p || IS_ERR(p) || m->count >= size)
			break;
		err = show_one(m, p);
		if (err || is_overflowed(m)) {
			m->count = before;
			break;
		}
	}
	m->op->stop(m, p);
	return 0;
}

/* gives out what is in the buffer */
static ssize_t drain(struct seq_file *m, char __user *buf, size_t size)
{
	size_t n = min(m->count, size);

	if (copy_to_user(buf, m->buf + m->from, n))
		return -EFAULT;
	m->from += n;
	m->count -= n;
	return n;
}

/* passes over the text up to an offset */
static int traverse(struct seq_file *m, loff_t offset)
{
	loff_t pos = 0;
	int err;

	m->index = 0;
	m->count = m->from = 0;
	while (pos < offset) {
		err = make_text(m, 0);
		if (err || !m->count)
			return err;
		if (pos + (loff_t)m->count > offset) {
			m->from = offset - pos;
			m->count -= m->from;
			return 0;
		}
		pos += m->count;
		m->count = 0;
	}
	return 0;
}

ssize_t seq_read(struct file *file, char __user *buf, size_t size, loff_t *ppos)
{
	struct seq_file *m = file->private_data;
	ssize_t done = 0, n;
	int err = 0;

	if (!size)
		return 0;
	if (!m->buf && !have_buffer(m, PAGE_SIZE))
		return -ENOMEM;
	if (*ppos == 0) {
		m->index = 0;
		m->count = 0;
	}
	if (*ppos != m->read_pos || *ppos == 0) {
		err = *ppos ? traverse(m, *ppos) : 0;
		if (err)
			return err;
		m->read_pos = *ppos;
	}
	if (m->count) {
		done = drain(m, buf, size);
		if (done < 0 || m->count)
			goto out;
	}
	if (done < (ssize_t)size) {
		err = make_text(m, size - done);
		n = err ? err : drain(m, buf + done, size - done);
		if (n >= 0)
			done += n;
		else if (!done)
			done = n;
	}
out:
	if (done > 0) {
		*ppos += done;
		m->read_pos = *ppos;
	}
	return done;
}

loff_t seq_lseek(struct file *file, loff_t offset, int whence)
{
	struct seq_file *m = file->private_data;
	int err;

	if (whence == SEEK_CUR)
		offset += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	if (offset != m->read_pos) {
		if (!m->buf && !have_buffer(m, PAGE_SIZE))
			return -ENOMEM;
		err = traverse(m, offset);
		if (err) {
			file->f_pos = m->read_pos = 0;
			m->index = m->count = 0;
			return err;
		}
		m->read_pos = offset;
	}
	file->f_pos = offset;
	return offset;
}

int seq_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kmem_host_rt_free(m->buf);
	kmem_host_rt_free(m);
	return 0;
}

/* writing */

static int append(struct seq_file *m, const void *data, size_t len)
{
	if (m->count + len < m->size) {
		memcpy(m->buf + m->count, data, len);
		m->count += len;
		return 0;
	}
	overflowed(m);
	return -1;
}

static void append_format(struct seq_file *m, const char *fmt, va_list args)
{
	size_t room = m->size - m->count;
	int len;

	if (!room)
		return;
	len = vsnprintf(m->buf + m->count, room, fmt, args);
	if (len < (int)room)
		m->count += len;
	else
		overflowed(m);
}

int seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	append_format(m, fmt, args);
	va_end(args);
	return is_overflowed(m) ? -1 : 0;
}

int seq_puts(struct seq_file *m, const char *s)
{
	return append(m, s, strlen(s));
}

int seq_putc(struct seq_file *m, char c)
{
	return append(m, &c, 1);
}

int seq_escape(struct seq_file *m, const char *s, const char *esc)
{
	for (; *s; s++) {
		if (strchr(esc, *s))
			seq_printf(m, "\\%03o", (unsigned char)*s);
		else
			seq_putc(m, *s);
	}
	return is_overflowed(m) ? -1 : 0;
}

/* a file of one record */

static void *single_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? NULL : SEQ_START_TOKEN;
}

static void *single_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void single_stop(struct seq_file *m, void *v)
{
}

int single_open(struct file *file, int (*show)(struct seq_file *, void *), void *data)
{
	struct seq_operations *op = kmem_rt_zalloc(sizeof(*op));
	int err;

	if (!op)
		return -ENOMEM;
	*op = (struct seq_operations){ single_start, single_stop, single_next, show };
	err = seq_open(file, op);
	if (err)
		kmem_host_rt_free(op);
	else
		((struct seq_file *)file->private_data)->private = data;
	return err;
}

int single_release(struct inode *inode, struct file *file)
{
	const struct seq_operations *op = ((struct seq_file *)file->private_data)->op;

	seq_release(inode, file);
	kmem_host_rt_free((void *)op);
	return 0;
}

#if KMEM_ERA < 60

int seq_release_private(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kfree(m->private);
	return seq_release(inode, file);
}

#else

int single_open_size(struct file *file, int (*show)(struct seq_file *, void *), void *data,
		     size_t size)
{
	int err = single_open(file, show, data);

	if (!err && !have_buffer(file->private_data, roundup(size, PAGE_SIZE))) {
		single_release(NULL, file);
		err = -ENOMEM;
	}
	return err;
}

/* with a state of the reader's own */
void *__seq_open_private(struct file *file, const struct seq_operations *ops, int psize)
{
	void *private = kmem_rt_zalloc(psize);

	if (!private)
		return NULL;
	if (seq_open(file, ops)) {
		kmem_host_rt_free(private);
		return NULL;
	}
	((struct seq_file *)file->private_data)->private = private;
	return private;
}

int seq_open_private(struct file *file, const struct seq_operations *ops, int psize)
{
	return __seq_open_private(file, ops, psize) ? 0 : -ENOMEM;
}

int seq_release_private(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kmem_host_rt_free(m->private);
	return seq_release(inode, file);
}

ssize_t seq_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	ssize_t n = seq_read(iocb->ki_filp, iter->ubuf, iter->count, &iocb->ki_pos);

	if (n > 0)
		iov_iter_advance(iter, n);
	return n;
}

void seq_vprintf(struct seq_file *m, const char *fmt, va_list args)
{
	append_format(m, fmt, args);
}

int seq_write(struct seq_file *m, const void *data, size_t len)
{
	return append(m, data, len);
}

void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, unsigned long long num)
{
	seq_printf(m, "%s%llu", delimiter ? delimiter : "", num);
}

void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, long long num)
{
	seq_printf(m, "%s%lld", delimiter ? delimiter : "", num);
}

void seq_put_hex_ll(struct seq_file *m, const char *delimiter, unsigned long long v,
		    unsigned int width)
{
	seq_printf(m, "%s%0*llx", delimiter ? delimiter : "", width, v);
}

void seq_pad(struct seq_file *m, char c)
{
	if (m->pad_until > m->count) {
		size_t n = m->pad_until - m->count;

		if (m->pad_until >= m->size) {
			overflowed(m);
			return;
		}
		memset(m->buf + m->count, ' ', n);
		m->count += n;
	}
	if (c)
		seq_putc(m, c);
}

void seq_hex_dump(struct seq_file *m, const char *prefix_str, int prefix_type, int rowsize,
		  int groupsize, const void *buf, size_t len, bool ascii)
{
	const u8 *p = buf;
	char text[32 * 3 + 2 + 32 + 1];
	size_t i;

	if (rowsize != 16 && rowsize != 32)
		rowsize = 16;
	for (i = 0; i < len && !is_overflowed(m); i += rowsize) {
		hex_dump_to_buffer(p + i, min_t(size_t, len - i, rowsize), rowsize, groupsize,
				   text, sizeof(text), ascii);
		if (prefix_type == DUMP_PREFIX_ADDRESS)
			seq_printf(m, "%s%p: %s\n", prefix_str, p + i, text);
		else if (prefix_type == DUMP_PREFIX_OFFSET)
			seq_printf(m, "%s%.8x: %s\n", prefix_str, (unsigned int)i, text);
		else
			seq_printf(m, "%s%s\n", prefix_str, text);
	}
}

/* records that are a list's entries */

struct list_head *seq_list_start(struct list_head *head, loff_t pos)
{
	struct list_head *at;

	list_for_each(at, head)
		if (pos-- == 0)
			return at;
	return NULL;
}

struct list_head *seq_list_start_head(struct list_head *head, loff_t pos)
{
	return pos ? seq_list_start(head, pos - 1) : head;
}

struct list_head *seq_list_next(void *v, struct list_head *head, loff_t *ppos)
{
	struct list_head *next = ((struct list_head *)v)->next;

	++*ppos;
	return next == head ? NULL : next;
}

struct hlist_node *seq_hlist_start(struct hlist_head *head, loff_t pos)
{
	struct hlist_node *node;

	hlist_for_each(node, head)
		if (pos-- == 0)
			return node;
	return NULL;
}

struct hlist_node *seq_hlist_start_head(struct hlist_head *head, loff_t pos)
{
	return pos ? seq_hlist_start(head, pos - 1) : SEQ_START_TOKEN;
}

struct hlist_node *seq_hlist_next(void *v, struct hlist_head *head, loff_t *ppos)
{
	++*ppos;
	return v == SEQ_START_TOKEN ? head->first : ((struct hlist_node *)v)->next;
}

#endif
