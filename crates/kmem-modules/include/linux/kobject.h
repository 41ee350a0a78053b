/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Objects with a name, a parent and a count of users: folders of /sys. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>
#include <linux/sysfs.h>
#include <linux/kref.h>
#include <linux/spinlock.h>

struct kset;
struct kernfs_node;

struct kobject {
	const char *name;
	struct list_head entry;
	struct kobject *parent;
	struct kset *kset;
#if KMEM_ERA >= 60
	const struct kobj_type *ktype;
#else
	struct kobj_type *ktype;
#endif
	struct kernfs_node *sd;
	struct kref kref;
	unsigned int state_initialized:1;
	unsigned int state_in_sysfs:1;
	unsigned int kmem_ours:1;	/* the runtime's own memory */
	unsigned int kmem_named:1;	/* the name too */
	unsigned int kmem_allocated:1;	/* a cdev of cdev_alloc */
};

struct kobj_uevent_env {
	int envp_idx;
	int buflen;
};

enum kobject_action {
	KOBJ_ADD,
	KOBJ_REMOVE,
	KOBJ_CHANGE,
	KOBJ_MOVE,
	KOBJ_ONLINE,
	KOBJ_OFFLINE,
	KOBJ_BIND,
	KOBJ_UNBIND,
};

struct kset;
struct kset_uevent_ops {
#if LINUX_VERSION_CODE >= 0x060200
	int (*filter)(const struct kobject *kobj);
	const char *(*name)(const struct kobject *kobj);
	int (*uevent)(const struct kobject *kobj, struct kobj_uevent_env *env);
#elif LINUX_VERSION_CODE >= 0x051200
	int (*filter)(struct kobject *kobj);
	const char *(*name)(struct kobject *kobj);
	int (*uevent)(struct kobject *kobj, struct kobj_uevent_env *env);
#else
	int (*filter)(struct kset *kset, struct kobject *kobj);
	const char *(*name)(struct kset *kset, struct kobject *kobj);
	int (*uevent)(struct kset *kset, struct kobject *kobj, struct kobj_uevent_env *env);
#endif
};

struct kset {
	struct list_head list;
	spinlock_t list_lock;
	struct kobject kobj;
	const struct kset_uevent_ops *uevent_ops;
#if KMEM_ERA < 60
	struct kobj_type *ktype;
#endif
};

struct kobj_type {
	void (*release)(struct kobject *kobj);
#if KMEM_ERA >= 60
	const struct sysfs_ops *sysfs_ops;
#if LINUX_VERSION_CODE < 0x051200
	struct attribute **default_attrs;
#endif
	const struct attribute_group **default_groups;
	const void *child_ns_type;
	const void *namespace;
	void *get_ownership;
#else
	struct sysfs_ops *sysfs_ops;
	struct attribute **default_attrs;
#endif
};

static inline const char *kobject_name(const struct kobject *kobj)
{
	return kobj->name;
}

__printf(2, 3) int kobject_set_name(struct kobject *kobj, const char *fmt, ...);
struct kobject *kobject_get(struct kobject *kobj);
void kobject_put(struct kobject *kobj);
void kobject_del(struct kobject *kobj);
char *kobject_get_path(struct kobject *kobj, gfp_t gfp);
int kset_register(struct kset *kset);
void kset_unregister(struct kset *kset);
void kset_init(struct kset *kset);

#if KMEM_ERA >= 60
struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr, char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count);
};

extern const struct sysfs_ops kobj_sysfs_ops;
extern struct kobject *kernel_kobj, *mm_kobj, *firmware_kobj, *hypervisor_kobj, *power_kobj, *fs_kobj;

void kobject_init(struct kobject *kobj, const struct kobj_type *ktype);
__printf(3, 4) int kobject_add(struct kobject *kobj, struct kobject *parent, const char *fmt, ...);
__printf(4, 5) int kobject_init_and_add(struct kobject *kobj, const struct kobj_type *ktype,
					struct kobject *parent, const char *fmt, ...);
struct kobject *kobject_create_and_add(const char *name, struct kobject *parent);
struct kobject *kobject_get_unless_zero(struct kobject *kobj);
int kobject_rename(struct kobject *kobj, const char *name);
struct kset *kset_create_and_add(const char *name, const struct kset_uevent_ops *ops, struct kobject *parent);
struct kobject *kset_find_obj(struct kset *kset, const char *name);
#define kobject_uevent(kobj, action)	((void)(kobj), (void)(action), 0)
#define kobject_uevent_env(kobj, action, envp)	((void)(kobj), (void)(action), (void)(envp), 0)
#define add_uevent_var(env, fmt...)	((void)(env), 0)
#else
void kobject_init(struct kobject *kobj);
int kobject_add(struct kobject *kobj);
int kobject_register(struct kobject *kobj);
void kobject_unregister(struct kobject *kobj);
#define kobject_uevent(kobj, action)	((void)(kobj))
#endif

static inline struct kset *to_kset(struct kobject *kobj)
{
	return kobj ? container_of(kobj, struct kset, kobj) : NULL;
}

static inline struct kset *kset_get(struct kset *kset)
{
	return kset ? to_kset(kobject_get(&kset->kobj)) : NULL;
}

static inline void kset_put(struct kset *kset)
{
	kobject_put(&kset->kobj);
}
