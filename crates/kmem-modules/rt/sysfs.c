/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files of /sys: each is an attribute of an object. */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include "rt.h"

struct sysfs_file {
	struct list_head list;
	void *owner;			/* the object, or the class, driver or bus */
	enum { OF_KOBJECT, OF_CLASS, OF_DRIVER, OF_BUS, OF_BIN } kind;
	const struct attribute *attr;
	umode_t mode;
	char paths[2][160];		/* the folder's; empty: there is no second one */
	char group[32];
	char name[48];
};

static LIST_HEAD(sysfs_files);

static struct sysfs_file *sysfs_file_of(const void *owner, const char *group, const char *name)
{
	struct sysfs_file *file;

	list_for_each_entry(file, &sysfs_files, list)
		if (file->owner == owner && !strcmp(file->group, group ? group : "") && !strcmp(file->name, name))
			return file;
	return NULL;
}

static int add_sysfs_file(void *owner, int kind, const struct attribute *attr, const char *group, umode_t mode,
			  const char *path)
{
	struct sysfs_file *file;

	if (!attr || !attr->name)
		return -EINVAL;
	if (sysfs_file_of(owner, group, attr->name)) {
		printk(KERN_WARNING "sysfs: cannot create duplicate filename '%s'\n", attr->name);
		dump_stack();
		return -EEXIST;
	}
	file = kmem_rt_zalloc(sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->owner = owner;
	file->kind = kind;
	file->attr = attr;
	file->mode = mode;
	if (path) {
		strlcpy(file->paths[0], path, sizeof(file->paths[0]));
	} else {
		kmem_kobject_path(owner, 0, file->paths[0], sizeof(file->paths[0]));
		kmem_kobject_path(owner, 1, file->paths[1], sizeof(file->paths[1]));
	}
	strlcpy(file->group, group ? group : "", sizeof(file->group));
	strlcpy(file->name, attr->name, sizeof(file->name));
	list_add_tail(&file->list, &sysfs_files);
	return 0;
}

static void drop_sysfs_file(struct sysfs_file *file)
{
	kmem_host_unhold(KMEM_HOLD_SYSFS, file);
	list_del(&file->list);
	kmem_host_rt_free(file);
}

static void remove_sysfs_file(const void *owner, const char *group, const char *name)
{
	struct sysfs_file *file = sysfs_file_of(owner, group, name);

	if (file)
		drop_sysfs_file(file);
}

/* the object goes, and its files with it */
void kmem_sysfs_forget(const void *owner)
{
	struct sysfs_file *file, *next;

	list_for_each_entry_safe(file, next, &sysfs_files, list)
		if (file->owner == owner)
			drop_sysfs_file(file);
}

static int is_no_object(const struct kobject *kobj)
{
	if (kobj && kobj->state_in_sysfs)
		return 0;
	if (kobj && kobj->kmem_ours && !kobj->kmem_named)
		return 0;	/* a folder that every kernel has */
	kmem_host_misuse("sysfs: the object is not registered: its files have no folder", kobj);
	return 1;
}

int sysfs_create_file(struct kobject *kobj, const struct attribute *attr)
{
	int err;

	if (is_no_object(kobj))
		return -EINVAL;
	err = add_sysfs_file(kobj, OF_KOBJECT, attr, NULL, attr->mode, NULL);
	/* a folder of the kernel's own does not go with the module */
	if (!err && !kobj->kmem_named)
		kmem_hold(KMEM_HOLD_SYSFS, sysfs_file_of(kobj, NULL, attr->name), "/sys file %s", attr->name);
	return err;
}

void sysfs_remove_file(struct kobject *kobj, const struct attribute *attr)
{
	remove_sysfs_file(kobj, NULL, attr->name);
}

int sysfs_create_group(struct kobject *kobj, const struct attribute_group *grp)
{
	int i, err = 0;

	if (is_no_object(kobj))
		return -EINVAL;
	if (!grp->attrs && !grp->bin_attrs) {
		kmem_warn(__FILE__, __LINE__, "sysfs: (bin_)attrs not set by subsystem for group: %s/%s\n",
			  kobj->name, grp->name ? grp->name : "");
		return -EINVAL;
	}
	for (i = 0; grp->attrs && grp->attrs[i] && !err; i++) {
		umode_t mode = grp->attrs[i]->mode;

		if (grp->is_visible)
			mode = grp->is_visible(kobj, grp->attrs[i], i);
		if (mode)
			err = add_sysfs_file(kobj, OF_KOBJECT, grp->attrs[i], grp->name, mode, NULL);
	}
	for (i = 0; grp->bin_attrs && grp->bin_attrs[i] && !err; i++)
		err = add_sysfs_file(kobj, OF_BIN, &grp->bin_attrs[i]->attr, grp->name,
				     grp->bin_attrs[i]->attr.mode, NULL);
	if (err)
		sysfs_remove_group(kobj, grp);
	else if (!kobj->kmem_named && grp->attrs && grp->attrs[0])
		kmem_hold(KMEM_HOLD_SYSFS, sysfs_file_of(kobj, grp->name, grp->attrs[0]->name), "/sys group %s",
			  grp->name ? grp->name : grp->attrs[0]->name);
	return err;
}

void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *grp)
{
	int i;

	for (i = 0; grp->attrs && grp->attrs[i]; i++)
		remove_sysfs_file(kobj, grp->name, grp->attrs[i]->name);
	for (i = 0; grp->bin_attrs && grp->bin_attrs[i]; i++)
		remove_sysfs_file(kobj, grp->name, grp->bin_attrs[i]->attr.name);
}

int sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name)
{
	return kobj && target ? 0 : -EFAULT;
}

void sysfs_remove_link(struct kobject *kobj, const char *name)
{
}

static int create_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
{
	return is_no_object(kobj) ? -EINVAL : add_sysfs_file(kobj, OF_BIN, &attr->attr, NULL, attr->attr.mode, NULL);
}

#if KMEM_ERA >= 60

int sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
{
	return create_bin_file(kobj, attr);
}

void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
{
	remove_sysfs_file(kobj, NULL, attr->attr.name);
}

int sysfs_create_files(struct kobject *kobj, const struct attribute *const *attrs)
{
	int i, err = 0;

	for (i = 0; attrs[i] && !err; i++)
		err = sysfs_create_file(kobj, attrs[i]);
	if (err)
		while (--i > 0)
			sysfs_remove_file(kobj, attrs[i - 1]);
	return err;
}

void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attrs)
{
	for (; *attrs; attrs++)
		sysfs_remove_file(kobj, *attrs);
}

int sysfs_create_groups(struct kobject *kobj, const struct attribute_group **groups)
{
	int i, err = 0;

	for (i = 0; groups && groups[i] && !err; i++)
		err = sysfs_create_group(kobj, groups[i]);
	if (err)
		while (--i > 0)
			sysfs_remove_group(kobj, groups[i - 1]);
	return err;
}

void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group **groups)
{
	for (; groups && *groups; groups++)
		sysfs_remove_group(kobj, *groups);
}

int sysfs_update_group(struct kobject *kobj, const struct attribute_group *grp)
{
	sysfs_remove_group(kobj, grp);
	return sysfs_create_group(kobj, grp);
}

int sysfs_emit_at(char *buf, int at, const char *fmt, ...)
{
	va_list args;
	int len;

	if (!buf || at < 0 || at >= (int)PAGE_SIZE || offset_in_page(buf)) {
		kmem_warn(__FILE__, __LINE__, "invalid sysfs_emit: buf:%px at:%d\n", buf, at);
		return 0;
	}
	va_start(args, fmt);
	len = vscnprintf(buf + at, PAGE_SIZE - at, fmt, args);
	va_end(args);
	return len;
}

int sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	if (!buf || offset_in_page(buf)) {
		kmem_warn(__FILE__, __LINE__, "invalid sysfs_emit: buf:%px\n", buf);
		return 0;
	}
	va_start(args, fmt);
	len = vscnprintf(buf, PAGE_SIZE, fmt, args);
	va_end(args);
	return len;
}

int device_create_file(struct device *dev, const struct device_attribute *attr)
{
	return sysfs_create_file(&dev->kobj, &attr->attr);
}

void device_remove_file(struct device *dev, const struct device_attribute *attr)
{
	sysfs_remove_file(&dev->kobj, &attr->attr);
}

int device_create_bin_file(struct device *dev, const struct bin_attribute *attr)
{
	return sysfs_create_bin_file(&dev->kobj, attr);
}

void device_remove_bin_file(struct device *dev, const struct bin_attribute *attr)
{
	sysfs_remove_bin_file(&dev->kobj, attr);
}

int device_add_groups(struct device *dev, const struct attribute_group **groups)
{
	return sysfs_create_groups(&dev->kobj, groups);
}

void device_remove_groups(struct device *dev, const struct attribute_group **groups)
{
	sysfs_remove_groups(&dev->kobj, groups);
}

int device_add_group(struct device *dev, const struct attribute_group *grp)
{
	return sysfs_create_group(&dev->kobj, grp);
}

void device_remove_group(struct device *dev, const struct attribute_group *grp)
{
	sysfs_remove_group(&dev->kobj, grp);
}

#define CONST	const
#define CONST_BUS	const
#else

int sysfs_create_bin_file(struct kobject *kobj, struct bin_attribute *attr)
{
	return create_bin_file(kobj, attr);
}

int sysfs_remove_bin_file(struct kobject *kobj, struct bin_attribute *attr)
{
	remove_sysfs_file(kobj, NULL, attr->attr.name);
	return 0;
}

int device_create_file(struct device *dev, struct device_attribute *attr)
{
	return sysfs_create_file(&dev->kobj, &attr->attr);
}

void device_remove_file(struct device *dev, struct device_attribute *attr)
{
	sysfs_remove_file(&dev->kobj, &attr->attr);
}

#define CONST
#define CONST_BUS
#endif

/* files of what is no kobject here: classes, drivers, buses */

int class_create_file(const struct class *class, const struct class_attribute *attr)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/%s", class->name);
	return add_sysfs_file((void *)class, OF_CLASS, &attr->attr, NULL, attr->attr.mode, path);
}

void class_remove_file(const struct class *class, const struct class_attribute *attr)
{
	remove_sysfs_file(class, NULL, attr->attr.name);
}

int driver_create_file(struct device_driver *drv, CONST struct driver_attribute *attr)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/%s", drv->bus ? drv->bus->name : "?", drv->name);
	return add_sysfs_file(drv, OF_DRIVER, &attr->attr, NULL, attr->attr.mode, path);
}

void driver_remove_file(struct device_driver *drv, CONST struct driver_attribute *attr)
{
	remove_sysfs_file(drv, NULL, attr->attr.name);
}

int bus_create_file(CONST_BUS struct bus_type *bus, struct bus_attribute *attr)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/%s", bus->name);
	return add_sysfs_file((void *)bus, OF_BUS, &attr->attr, NULL, attr->attr.mode, path);
}

void bus_remove_file(CONST_BUS struct bus_type *bus, struct bus_attribute *attr)
{
	remove_sysfs_file(bus, NULL, attr->attr.name);
}

#define INT_ATTR(name, type, format, parse)				\
ssize_t device_show_##name(struct device *dev, struct device_attribute *attr, char *buf)	\
{									\
	type *var = container_of(attr, struct dev_ext_attribute, attr)->var;	\
									\
	return scnprintf(buf, PAGE_SIZE, format "\n", *var);		\
}									\
ssize_t device_store_##name(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)	\
{									\
	type *var = container_of(attr, struct dev_ext_attribute, attr)->var;	\
	long long value;						\
									\
	if (parse(skip_line(buf), 0, &value))				\
		return -EINVAL;						\
	*var = value;							\
	return count;							\
}
/* the text without its newline, in a buffer of the runtime's */
static const char *skip_line(const char *buf)
{
	static char text[40];

	strlcpy(text, buf, sizeof(text));
	if (strchr(text, '\n'))
		*strchr(text, '\n') = '\0';
	return text;
}
INT_ATTR(int, int, "%d", kmem_parse_ll)
INT_ATTR(ulong, unsigned long, "%lx", kmem_parse_ll)

/* --- the files, opened --- */

struct sysfs_open {
	struct sysfs_file *file;
	ssize_t bytes;		/* what show gave; -1: it was not asked yet */
	char *page;
};

static const struct sysfs_ops *ops_of(const struct kobject *kobj)
{
	return kobj->ktype ? kobj->ktype->sysfs_ops : NULL;
}

static ssize_t show_value(struct sysfs_file *file, char *page)
{
	struct kobject *kobj = file->owner;

	switch (file->kind) {
	case OF_KOBJECT:
		return ops_of(kobj) && ops_of(kobj)->show ?
			ops_of(kobj)->show(kobj, (struct attribute *)file->attr, page) : -EIO;
	case OF_CLASS: {
		struct class_attribute *attr = container_of((struct attribute *)file->attr, struct class_attribute, attr);

#if KMEM_ERA >= 60
		return attr->show ? attr->show(file->owner, attr, page) : -EIO;
#else
		return attr->show ? attr->show(file->owner, page) : -EIO;
#endif
	}
	case OF_DRIVER: {
		struct driver_attribute *attr = container_of((struct attribute *)file->attr, struct driver_attribute, attr);

		return attr->show ? attr->show(file->owner, page) : -EIO;
	}
	case OF_BUS: {
		struct bus_attribute *attr = container_of((struct attribute *)file->attr, struct bus_attribute, attr);

		return attr->show ? attr->show(file->owner, page) : -EIO;
	}
	default:
		return -EIO;
	}
}

static ssize_t store_value(struct sysfs_file *file, const char *page, size_t count)
{
	struct kobject *kobj = file->owner;

	switch (file->kind) {
	case OF_KOBJECT:
		return ops_of(kobj) && ops_of(kobj)->store ?
			ops_of(kobj)->store(kobj, (struct attribute *)file->attr, page, count) : -EIO;
	case OF_CLASS: {
		struct class_attribute *attr = container_of((struct attribute *)file->attr, struct class_attribute, attr);

#if KMEM_ERA >= 60
		return attr->store ? attr->store(file->owner, attr, page, count) : -EIO;
#else
		return attr->store ? attr->store(file->owner, page, count) : -EIO;
#endif
	}
	case OF_DRIVER: {
		struct driver_attribute *attr = container_of((struct attribute *)file->attr, struct driver_attribute, attr);

		return attr->store ? attr->store(file->owner, page, count) : -EIO;
	}
	case OF_BUS: {
		struct bus_attribute *attr = container_of((struct attribute *)file->attr, struct bus_attribute, attr);

		return attr->store ? attr->store(file->owner, page, count) : -EIO;
	}
	default:
		return -EIO;
	}
}

static ssize_t bin_io(struct file *filp, struct sysfs_file *file, char *page, loff_t pos, size_t count, int write)
{
	struct bin_attribute *attr = container_of((struct attribute *)file->attr, struct bin_attribute, attr);

	if (attr->size) {
		if (pos >= (loff_t)attr->size)
			return write ? -EFBIG : 0;
		count = min_t(size_t, count, attr->size - pos);
	}
	if (!(write ? (void *)attr->write : (void *)attr->read))
		return -EIO;
#if KMEM_ERA >= 60
	return (write ? attr->write : attr->read)(filp, file->owner, attr, page, pos, count);
#else
	return (write ? attr->write : attr->read)(file->owner, page, pos, count);
#endif
}

static int sysfs_open(struct inode *inode, struct file *filp)
{
	struct sysfs_open *it;

	if (((filp->f_flags + 1) & 2 && !(inode->i_mode & S_IWUGO)) ||
	    ((filp->f_flags + 1) & 1 && !(inode->i_mode & S_IRUGO)))
		return -EACCES;
	it = kmem_rt_zalloc(sizeof(*it));
	if (!it)
		return -ENOMEM;
	it->page = kmem_rt_zalloc(PAGE_SIZE);
	if (!it->page) {
		kmem_host_rt_free(it);
		return -ENOMEM;
	}
	it->file = kmem_inode_data(inode);
	it->bytes = -1;
	filp->private_data = it;
	return 0;
}

static int sysfs_release(struct inode *inode, struct file *filp)
{
	struct sysfs_open *it = filp->private_data;

	kmem_host_rt_free(it->page);
	kmem_host_rt_free(it);
	return 0;
}

static ssize_t sysfs_read(struct file *filp, char __user *buf, size_t count, loff_t *ppos)
{
	struct sysfs_open *it = filp->private_data;
	ssize_t n;

	if (it->file->kind == OF_BIN) {
		n = bin_io(filp, it->file, it->page, *ppos, min_t(size_t, count, PAGE_SIZE), 0);
		if (n <= 0)
			return n;
		if (copy_to_user(buf, it->page, n))
			return -EFAULT;
		*ppos += n;
		return n;
	}
	if (it->bytes < 0 || !*ppos) {
		memset(it->page, 0, PAGE_SIZE);
		n = show_value(it->file, it->page);
		if (n < 0)
			return n;
		if (n >= (ssize_t)PAGE_SIZE) {
			kmem_host_misuse("a show function filled its page: the buffer has PAGE_SIZE bytes", it->file->attr->name);
			n = PAGE_SIZE - 1;
		}
		it->bytes = n;
	}
	if (*ppos >= it->bytes)
		return 0;
	n = min_t(ssize_t, count, it->bytes - *ppos);
	if (copy_to_user(buf, it->page + *ppos, n))
		return -EFAULT;
	*ppos += n;
	return n;
}

static ssize_t sysfs_write(struct file *filp, const char __user *buf, size_t count, loff_t *ppos)
{
	struct sysfs_open *it = filp->private_data;
	ssize_t n;

	if (count > PAGE_SIZE - 1)
		count = PAGE_SIZE - 1;
	if (copy_from_user(it->page, buf, count))
		return -EFAULT;
	it->page[count] = '\0';
	n = it->file->kind == OF_BIN ? bin_io(filp, it->file, it->page, *ppos, count, 1) :
		store_value(it->file, it->page, count);
	if (n > 0)
		*ppos += n;
	return n;
}

static struct file_operations sysfs_fops = {
	.open = sysfs_open, .release = sysfs_release, .read = sysfs_read, .write = sysfs_write,
	.llseek = default_llseek,
};

/* an attribute by its path; NULL: there is none */
const struct file_operations *kmem_sysfs_find(const char *path, void **data, umode_t *mode)
{
	struct sysfs_file *file;
	char text[240];
	int i;

	list_for_each_entry(file, &sysfs_files, list) {
		for (i = 0; i < 2; i++) {
			snprintf(text, sizeof(text), "%s/%s%s%s", file->paths[i], file->group,
				 file->group[0] ? "/" : "", file->name);
			if (file->paths[i][0] && !strcmp(text, path)) {
				*data = file;
				*mode = S_IFREG | file->mode;
				return &sysfs_fops;
			}
		}
	}
	return NULL;
}
