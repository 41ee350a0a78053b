/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Objects with a name and users: when the last one has put it, the type's release function runs. */
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "rt.h"

static LIST_HEAD(in_sysfs);	/* those without a kset; links by entry */

static void release_kobject(struct kref *kref)
{
	struct kobject *kobj = container_of(kref, struct kobject, kref);
	void (*function)(struct kobject *) = kobj->ktype ? kobj->ktype->release : NULL;
	const char *name = kobj->kmem_named ? kobj->name : NULL;
	int ours = kobj->kmem_ours;

	kmem_host_unhold(KMEM_HOLD_KOBJECT, kobj);
	if (kobj->state_in_sysfs)
		kobject_del(kobj);
	if (function)
		function(kobj);
	else if (!ours)
		kmem_host_misuse("the kobject has no release() function: nobody can free it when its last user goes", kobj);
	if (ours)
		kmem_host_rt_free(kobj);
	kmem_host_rt_free((void *)name);
}

struct kobject *kobject_get(struct kobject *kobj)
{
	if (kobj) {
		if (!kobj->state_initialized)
			kmem_host_misuse("kobject_get() of a kobject that was never initialised", kobj);
		kref_get(&kobj->kref);
	}
	return kobj;
}

void kobject_put(struct kobject *kobj)
{
	if (!kobj)
		return;
	if (!kobj->state_initialized) {
		kmem_host_misuse("kobject_put() of a kobject that was never initialised", kobj);
		return;
	}
	kref_put(&kobj->kref, release_kobject);
}

void kmem_kobject_init(struct kobject *kobj, const void *ktype)
{
	if (kobj->state_initialized) {
		printk(KERN_ERR "kobject: (%p): tried to init an initialized object, something is seriously wrong.\n", kobj);
		dump_stack();
	}
	kref_init(&kobj->kref);
	INIT_LIST_HEAD(&kobj->entry);
	kobj->ktype = (void *)ktype;
	kobj->state_in_sysfs = 0;
	kobj->kmem_ours = 0;
	kobj->kmem_named = 0;
	kobj->state_initialized = 1;
}

static int set_kobject_name(struct kobject *kobj, const char *fmt, va_list args)
{
	char text[64], *bang;

	vsnprintf(text, sizeof(text), fmt, args);
	while ((bang = strchr(text, '/')) != NULL)
		*bang = '!';
	if (kobj->kmem_named)
		kmem_host_rt_free((void *)kobj->name);
	kobj->name = kmem_rt_strdup(text);
	kobj->kmem_named = 1;
	return kobj->name ? 0 : -ENOMEM;
}

int kobject_set_name(struct kobject *kobj, const char *fmt, ...)
{
	va_list args;
	int err;

	va_start(args, fmt);
	err = set_kobject_name(kobj, fmt, args);
	va_end(args);
	return err;
}

/* the path below /sys; some devices have a second one: by class, by bus */
void kmem_kobject_path(const struct kobject *kobj, int which, char *buf, size_t size)
{
	char above[160] = "/sys";

	if (!kmem_device_path(kobj, which, buf, size))
		return;
	if (kobj->parent)
		kmem_kobject_path(kobj->parent, which, above, sizeof(above));
	snprintf(buf, size, "%s/%s", above, kobj->name ? kobj->name : "?");
}

static struct list_head *siblings(struct kobject *kobj)
{
	return kobj->kset ? &kobj->kset->list : &in_sysfs;
}

static int is_taken(struct kobject *kobj)
{
	struct kobject *other;

	list_for_each_entry(other, siblings(kobj), entry)
		if (other->parent == kobj->parent && other->name && kobj->name && !strcmp(other->name, kobj->name))
			return 1;
	return 0;
}

int kmem_kobject_add(struct kobject *kobj)
{
	char path[160];

	if (!kobj->state_initialized) {
		kmem_host_misuse("kobject_add() of a kobject that was never initialised", kobj);
		return -EINVAL;
	}
	if (!kobj->name || !kobj->name[0]) {
		printk(KERN_ERR "kobject: (%p): attempted to be registered with empty name!\n", kobj);
		return -EINVAL;
	}
	if (kobj->kset && !kobj->parent)
		kobj->parent = &kobj->kset->kobj;
	if (is_taken(kobj)) {
		kmem_kobject_path(kobj, 0, path, sizeof(path));
		printk(KERN_WARNING "sysfs: cannot create duplicate filename '%s'\n", path + 4);
		dump_stack();
		printk(KERN_ERR "kobject: kobject_add_internal failed for %s with -EEXIST, don't try to register things with the same name in the same directory.\n",
		       kobj->name);
		return -EEXIST;
	}
	kobject_get(kobj->parent);
	if (kobj->kset)
		kset_get(kobj->kset);
	list_add_tail(&kobj->entry, siblings(kobj));
	kobj->state_in_sysfs = 1;
#if LINUX_VERSION_CODE < 0x051200
	if (kobj->ktype && kobj->ktype->default_attrs) {
		struct attribute **attr;

		for (attr = kobj->ktype->default_attrs; *attr; attr++)
			sysfs_create_file(kobj, *attr);
	}
#endif
#if KMEM_ERA >= 60
	if (kobj->ktype && kobj->ktype->default_groups)
		return sysfs_create_groups(kobj, kobj->ktype->default_groups);
#endif
	return 0;
}

void kobject_del(struct kobject *kobj)
{
	struct kset *kset;
	struct kobject *parent;

	if (!kobj || !kobj->state_in_sysfs)
		return;
	kset = kobj->kset;
	parent = kobj->parent;
	kmem_sysfs_forget(kobj);
	list_del_init(&kobj->entry);
	kobj->state_in_sysfs = 0;
	kobj->parent = NULL;
	if (kset)
		kset_put(kset);
	kobject_put(parent);
}

char *kobject_get_path(struct kobject *kobj, gfp_t gfp)
{
	char path[160];

	kmem_kobject_path(kobj, 0, path, sizeof(path));
	return kstrdup(path + 4, gfp);
}

void kset_init(struct kset *kset)
{
	kmem_kobject_init(&kset->kobj, kset->kobj.ktype);
	INIT_LIST_HEAD(&kset->list);
	spin_lock_init(&kset->list_lock);
}

void kset_unregister(struct kset *kset)
{
	if (!kset)
		return;
	kobject_del(&kset->kobj);
	kobject_put(&kset->kobj);
}

int kset_register(struct kset *kset)
{
	const char *name = kset->kobj.name;
	int named = kset->kobj.kmem_named, err;

	kset_init(kset);
	kset->kobj.name = name;
	kset->kobj.kmem_named = named;
	kmem_host_hold(KMEM_HOLD_KOBJECT, &kset->kobj, name, NULL);
	err = kmem_kobject_add(&kset->kobj);
	if (err)
		kmem_host_unhold(KMEM_HOLD_KOBJECT, &kset->kobj);
	return err;
}

#if KMEM_ERA >= 60

static ssize_t kobj_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct kobj_attribute *it = container_of(attr, struct kobj_attribute, attr);

	return it->show ? it->show(kobj, it, buf) : -EIO;
}

static ssize_t kobj_store(struct kobject *kobj, struct attribute *attr, const char *buf, size_t count)
{
	struct kobj_attribute *it = container_of(attr, struct kobj_attribute, attr);

	return it->store ? it->store(kobj, it, buf, count) : -EIO;
}

const struct sysfs_ops kobj_sysfs_ops = { .show = kobj_show, .store = kobj_store };

/* the folders that every kernel has */
#define BUILTIN(title, above)	\
	{ .name = title, .parent = above, .state_initialized = 1, .kref = KREF_INIT(1), .kmem_ours = 1 }
static struct kobject builtins[] = {
	BUILTIN("kernel", NULL), BUILTIN("mm", &builtins[0]), BUILTIN("firmware", NULL),
	BUILTIN("hypervisor", NULL), BUILTIN("power", NULL), BUILTIN("fs", NULL),
};
struct kobject *kernel_kobj = &builtins[0], *mm_kobj = &builtins[1], *firmware_kobj = &builtins[2],
	*hypervisor_kobj = &builtins[3], *power_kobj = &builtins[4], *fs_kobj = &builtins[5];

static const struct kobj_type dynamic_type = { .sysfs_ops = &kobj_sysfs_ops };

void kobject_init(struct kobject *kobj, const struct kobj_type *ktype)
{
	if (!ktype)
		kmem_host_misuse("kobject_init() without a ktype", kobj);
	kmem_kobject_init(kobj, ktype);
	kmem_host_hold(KMEM_HOLD_KOBJECT, kobj, "", NULL);
}

static int add_kobject(struct kobject *kobj, struct kobject *parent, const char *fmt, va_list args)
{
	int err = set_kobject_name(kobj, fmt, args);

	if (err)
		return err;
	kobj->parent = parent;
	kmem_host_hold(KMEM_HOLD_KOBJECT, kobj, kobj->name, NULL);
	return kmem_kobject_add(kobj);
}

int kobject_add(struct kobject *kobj, struct kobject *parent, const char *fmt, ...)
{
	va_list args;
	int err;

	va_start(args, fmt);
	err = add_kobject(kobj, parent, fmt, args);
	va_end(args);
	return err;
}

int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype, struct kobject *parent,
			 const char *fmt, ...)
{
	va_list args;
	int err;

	kobject_init(kobj, ktype);
	va_start(args, fmt);
	err = add_kobject(kobj, parent, fmt, args);
	va_end(args);
	return err;
}

struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	struct kobject *kobj = kmem_rt_zalloc(sizeof(*kobj));
	int err;

	if (!kobj)
		return NULL;
	kobject_init(kobj, &dynamic_type);
	kobj->kmem_ours = 1;
	err = kobject_add(kobj, parent, "%s", name);
	if (err) {
		kobject_put(kobj);
		return NULL;
	}
	return kobj;
}

struct kobject *kobject_get_unless_zero(struct kobject *kobj)
{
	return kobj && kref_get_unless_zero(&kobj->kref) ? kobj : NULL;
}

int kobject_rename(struct kobject *kobj, const char *name)
{
	return kobject_set_name(kobj, "%s", name);
}

static void release_kset(struct kobject *kobj)
{
	kmem_host_rt_free(container_of(kobj, struct kset, kobj));
}

static const struct kobj_type kset_type = { .sysfs_ops = &kobj_sysfs_ops, .release = release_kset };

struct kset *kset_create_and_add(const char *name, const struct kset_uevent_ops *ops, struct kobject *parent)
{
	struct kset *kset = kmem_rt_zalloc(sizeof(*kset));

	if (!kset)
		return NULL;
	kset->uevent_ops = ops;
	kset->kobj.ktype = &kset_type;
	kset->kobj.parent = parent;
	kobject_set_name(&kset->kobj, "%s", name);
	if (kset_register(kset)) {
		kmem_host_rt_free((void *)kset->kobj.name);
		kmem_host_rt_free(kset);
		return NULL;
	}
	return kset;
}

struct kobject *kset_find_obj(struct kset *kset, const char *name)
{
	struct kobject *kobj;

	list_for_each_entry(kobj, &kset->list, entry)
		if (!strcmp(kobj->name, name))
			return kobject_get(kobj);
	return NULL;
}

#else

void kobject_init(struct kobject *kobj)
{
	const char *name = kobj->name;
	int named = kobj->kmem_named;

	kobj->state_initialized = 0;
	kmem_kobject_init(kobj, kobj->ktype);
	kobj->name = name;
	kobj->kmem_named = named;
	kmem_host_hold(KMEM_HOLD_KOBJECT, kobj, name, NULL);
}

int kobject_add(struct kobject *kobj)
{
	return kmem_kobject_add(kobj);
}

int kobject_register(struct kobject *kobj)
{
	kobject_init(kobj);
	return kobject_add(kobj);
}

void kobject_unregister(struct kobject *kobj)
{
	kobject_del(kobj);
	kobject_put(kobj);
}

#endif
