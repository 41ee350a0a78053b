/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* struct kobject: here only the room that it takes inside other structures. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>
#include <linux/kref.h>

struct kset;
struct kobj_type;
struct kernfs_node;

struct kobject {
	const char *name;
	struct list_head entry;
	struct kobject *parent;
	struct kset *kset;
	const struct kobj_type *ktype;
	struct kernfs_node *sd;
	struct kref kref;
	unsigned int state;
};

static inline const char *kobject_name(const struct kobject *kobj)
{
	return kobj->name;
}
