/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Objects with a release function in a set of their own. With FAULT 1 the last reference to one is never put. */
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

struct thing {
	struct kobject kobj;
	int size;
};

static struct kset *things;
static struct thing *made[2];
static int released;

static ssize_t size_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", container_of(kobj, struct thing, kobj)->size);
}

static ssize_t size_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count)
{
	int err = kstrtoint(buf, 0, &container_of(kobj, struct thing, kobj)->size);

	return err ? err : count;
}

static struct kobj_attribute size_attr = __ATTR_RW(size);
static struct attribute *thing_attrs[] = { &size_attr.attr, NULL };
ATTRIBUTE_GROUPS(thing);

static void thing_release(struct kobject *kobj)
{
	released++;
	kfree(container_of(kobj, struct thing, kobj));
}

static struct kobj_type thing_type = {
	.sysfs_ops = &kobj_sysfs_ops, .release = thing_release, .default_groups = thing_groups,
};

static struct thing *make(const char *name, int size)
{
	struct thing *it = kzalloc(sizeof(*it), GFP_KERNEL);

	if (!it)
		return NULL;
	it->size = size;
	it->kobj.kset = things;
	if (kobject_init_and_add(&it->kobj, &thing_type, NULL, "%s", name)) {	/* BUG 1 */
		kobject_put(&it->kobj);
		return NULL;
	}
	return it;
}

static int __init kobj_init(void)
{
	int again;

	things = kset_create_and_add("things", NULL, kernel_kobj);
	if (!things)
		return -ENOMEM;
	made[0] = make("one", 1);
	made[1] = make("two", 2);
	/* the name is taken: the object is given back at once */
	again = make("two", 3) != NULL;
	pr_info("kobj: again %d, released %d\n", again, released);
	kobject_get(&made[0]->kobj);
	kobject_put(&made[0]->kobj);
	return 0;
}

static void __exit kobj_exit(void)
{
#if FAULT != 1
	kobject_put(&made[1]->kobj);
#endif
	kobject_put(&made[0]->kobj);
	kset_unregister(things);
	pr_info("kobj: released %d\n", released);
}

module_init(kobj_init);
module_exit(kobj_exit);
MODULE_LICENSE("Dual MIT/GPL");
