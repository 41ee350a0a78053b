/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device numbers: ranges that have a name, and the character devices behind them. */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/major.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "rt.h"

/* a range of numbers that belongs to somebody */
struct region {
	struct list_head list;
	dev_t first;
	unsigned int count;
	struct cdev *cdev;	/* made by register_chrdev */
	char name[64];
};

/* a cdev that answers for a range of numbers */
struct map {
	struct list_head list;
	dev_t first;
	unsigned int count;
	struct cdev *cdev;
};


static LIST_HEAD(regions_by_name);
static LIST_HEAD(maps);

static int overlaps(dev_t first, unsigned int count)
{
	struct region *r;

	list_for_each_entry(r, &regions_by_name, list)
		if (first < r->first + r->count && r->first < first + count)
			return 1;
	return 0;
}

static int major_is_free(unsigned int major)
{
	return major != MISC_MAJOR && !overlaps(MKDEV(major, 0), 1U << MINORBITS);
}

/* from 254 downwards; later kernels end at 234 and go on with 511 to 384 */
static int free_major(void)
{
	int major, last = KMEM_ERA >= 60 ? 234 : 1;

	for (major = 254; major >= last; major--)
		if (major_is_free(major))
			return major;
	for (major = 511; KMEM_ERA >= 60 && major >= 384; major--)
		if (major_is_free(major))
			return major;
	return -EBUSY;
}

static struct region *add_region(dev_t first, unsigned int count, const char *name)
{
	struct region *r;

	if (MAJOR(first) >= CHRDEV_MAJOR_MAX || !count ||
	    (u64)first + count > (u64)CHRDEV_MAJOR_MAX << MINORBITS)
		return ERR_PTR(-EINVAL);
	if (overlaps(first, count) || MAJOR(first) == MISC_MAJOR)
		return ERR_PTR(-EBUSY);
	r = kmem_rt_zalloc(sizeof(*r));
	if (!r)
		return ERR_PTR(-ENOMEM);
	r->first = first;
	r->count = count;
	strncpy(r->name, name, sizeof(r->name) - 1);
	list_add_tail(&r->list, &regions_by_name);
	kmem_hold(KMEM_HOLD_REGION, r, "%u:%u-%u (%s)", MAJOR(first), MINOR(first), MINOR(first) + count - 1, r->name);
	return r;
}

static struct region *region_at(dev_t first, unsigned int count)
{
	struct region *r;

	list_for_each_entry(r, &regions_by_name, list)
		if (r->first == first && r->count == count)
			return r;
	return NULL;
}

static void drop_region(struct region *r)
{
	kmem_host_unhold(KMEM_HOLD_REGION, r);
	list_del(&r->list);
	kmem_host_rt_free(r);
}

int register_chrdev_region(dev_t from, unsigned int count, const char *name)
{
	struct region *r = add_region(from, count, name);

	return IS_ERR(r) ? PTR_ERR(r) : 0;
}

int alloc_chrdev_region(dev_t *dev, unsigned int baseminor, unsigned int count, const char *name)
{
	int major = free_major();
	struct region *r;

	if (major < 0)
		return major;
	if ((u64)baseminor + count > 1U << MINORBITS)
		return -EINVAL;
	r = add_region(MKDEV(major, baseminor), count, name);
	if (IS_ERR(r))
		return PTR_ERR(r);
	*dev = r->first;
	return 0;
}

void unregister_chrdev_region(dev_t from, unsigned int count)
{
	struct region *r = region_at(from, count);

	if (r)
		drop_region(r);
	else
		kmem_host_misuse("unregister_chrdev_region: no such region is registered", NULL);
}

/* character devices */

void cdev_init(struct cdev *cdev, const struct file_operations *fops)
{
	memset(cdev, 0, sizeof(*cdev));
	INIT_LIST_HEAD(&cdev->list);
	cdev->ops = fops;
}

struct cdev *cdev_alloc(void)
{
	struct cdev *cdev = kmalloc(sizeof(*cdev), GFP_KERNEL);

	if (cdev) {
		cdev_init(cdev, NULL);
		cdev->kobj.kmem_allocated = 1;
	}
	return cdev;
}

void cdev_put(struct cdev *cdev)
{
	if (cdev && cdev->kobj.kmem_allocated)
		kfree(cdev);
}

int cdev_add(struct cdev *cdev, dev_t dev, unsigned int count)
{
	struct map *map = kmem_rt_zalloc(sizeof(*map));

	if (!map)
		return -ENOMEM;
	cdev->dev = dev;
	cdev->count = count;
	*map = (struct map){ .first = dev, .count = count, .cdev = cdev };
	list_add(&map->list, &maps);
	kmem_hold(KMEM_HOLD_CDEV, map, "%u:%u", MAJOR(dev), MINOR(dev));
	return 0;
}

static struct map *map_of(const struct cdev *cdev)
{
	struct map *map;

	list_for_each_entry(map, &maps, list)
		if (map->cdev == cdev)
			return map;
	return NULL;
}

void cdev_del(struct cdev *cdev)
{
	struct map *map = map_of(cdev);

	if (map) {
		kmem_host_unhold(KMEM_HOLD_CDEV, map);
		list_del(&map->list);
		kmem_host_rt_free(map);
	} else if (!cdev->kobj.kmem_allocated) {
		kmem_host_misuse("cdev_del: this cdev was not added", cdev);
	}
	cdev_put(cdev);
}

/* the one with the smallest range around a number */
struct cdev *kmem_cdev_of(dev_t dev)
{
	struct map *map, *best = NULL;

	list_for_each_entry(map, &maps, list)
		if (dev - map->first < map->count && (!best || map->count < best->count))
			best = map;
	return best ? best->cdev : NULL;
}

/* a major with 256 minors, and one cdev for them all */
static int register_range(unsigned int major, unsigned int baseminor, unsigned int count,
			  const char *name, const struct file_operations *fops)
{
	int dynamic = major == 0, err;
	struct region *r;

	if (dynamic) {
		err = free_major();
		if (err < 0)
			return err;
		major = err;
	}
	r = add_region(MKDEV(major, baseminor), count, name);
	if (IS_ERR(r))
		return PTR_ERR(r);
	r->cdev = kmem_rt_zalloc(sizeof(*r->cdev));
	err = r->cdev ? 0 : -ENOMEM;
	if (!err) {
		cdev_init(r->cdev, fops);
		err = cdev_add(r->cdev, r->first, count);
		if (!err)
			kmem_host_unhold(KMEM_HOLD_CDEV, map_of(r->cdev));
	}
	if (err) {
		kmem_host_rt_free(r->cdev);
		drop_region(r);
		return err;
	}
	return dynamic ? (int)major : 0;
}

static int unregister_range(unsigned int major, unsigned int baseminor, unsigned int count,
			    const char *name)
{
	struct region *r = region_at(MKDEV(major, baseminor), count);

	if (!r || !r->cdev) {
		kmem_host_misuse("unregister_chrdev: no device is registered with this major", name);
		return -EINVAL;
	}
	if (strcmp(r->name, name))
		kmem_host_misuse("unregister_chrdev: the major is registered with another name", name);
	cdev_del(r->cdev);
	kmem_host_rt_free(r->cdev);
	drop_region(r);
	return 0;
}

int register_chrdev(unsigned int major, const char *name, const struct file_operations *fops)
{
	return register_range(major, 0, 256, name, fops);
}

#if KMEM_ERA >= 60
void unregister_chrdev(unsigned int major, const char *name)
{
	unregister_range(major, 0, 256, name);
}

int __register_chrdev(unsigned int major, unsigned int baseminor, unsigned int count,
		      const char *name, const struct file_operations *fops)
{
	return register_range(major, baseminor, count, name, fops);
}

void __unregister_chrdev(unsigned int major, unsigned int baseminor, unsigned int count,
			 const char *name)
{
	unregister_range(major, baseminor, count, name);
}

void cdev_set_parent(struct cdev *cdev, struct kobject *parent)
{
	cdev->kobj.parent = parent;
}

int cdev_device_add(struct cdev *cdev, struct device *dev)
{
	int err = 0;

	if (dev->devt) {
		cdev_set_parent(cdev, &dev->kobj);
		err = cdev_add(cdev, dev->devt, 1);
		if (err)
			return err;
	}
	err = device_add(dev);
	if (err && dev->devt)
		cdev_del(cdev);
	return err;
}

void cdev_device_del(struct cdev *cdev, struct device *dev)
{
	device_del(dev);
	if (dev->devt)
		cdev_del(cdev);
}
#else
int unregister_chrdev(unsigned int major, const char *name)
{
	return unregister_range(major, 0, 256, name);
}
#endif

/* names */

int kmem_chrdev_by_name(const char *name, unsigned int minor, dev_t *dev)
{
	struct region *r;

	list_for_each_entry(r, &regions_by_name, list) {
		if (!strcmp(r->name, name)) {
			*dev = r->first + minor;
			return 0;
		}
	}
	return -ENXIO;
}

/* NAME or NAMEn of a region whose driver made no nodes */
int kmem_chrdev_by_node(const char *node, dev_t *dev)
{
	struct region *r;

	list_for_each_entry(r, &regions_by_name, list) {
		size_t len = strlen(r->name);
		unsigned long minor = 0;
		char *end = (char *)node + len;

		if (strncmp(node, r->name, len) || kmem_device_in(r->first, r->count))
			continue;
		if (*end)
			minor = simple_strtoul(end, &end, 10);
		if (!*end && minor < r->count) {
			*dev = r->first + minor;
			return 0;
		}
	}
	return -ENOENT;
}
