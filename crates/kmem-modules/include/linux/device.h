/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices, the drivers that serve them, the buses they meet on, and the classes that give them nodes in /dev. */
#pragma once
#include <linux/types.h>
#include <linux/ioport.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/printk.h>
#include <linux/gfp.h>
#include <linux/mod_devicetable.h>
#include <linux/device/class.h>
#include <linux/dev_printk.h>
#include <linux/pm.h>
#if KMEM_ERA >= 60
#include <linux/overflow.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#endif

struct device;
struct device_driver;
struct device_node;
struct fwnode_handle;
struct attribute_group;
struct bus_type;
struct module;
struct dev_pm_ops;

struct device_type {
	const char *name;
	const struct attribute_group **groups;
	void (*release)(struct device *dev);
};

enum probe_type {
	PROBE_DEFAULT_STRATEGY,
	PROBE_PREFER_ASYNCHRONOUS,
	PROBE_FORCE_SYNCHRONOUS,
};

struct device {
	struct kobject kobj;
	struct device *parent;
	const char *init_name;
	const struct device_type *type;
	const struct bus_type *bus;
	const struct class *class;
	struct device_driver *driver;
	void *platform_data;
	void *driver_data;
	dev_t devt;
	u32 id;
	u64 *dma_mask;
	u64 coherent_dma_mask;
	u64 kmem_dma_mask;
	struct list_head dma_pools;
	struct device_node *of_node;
	struct fwnode_handle *fwnode;
	const struct attribute_group **groups;
	void (*release)(struct device *dev);
#if KMEM_ERA < 60
#define BUS_ID_SIZE	20
	char bus_id[BUS_ID_SIZE];
#endif
	struct list_head kmem_on_bus;
	struct list_head kmem_resources;	/* what goes with the device */
	struct kmem_node *kmem_node;
};

struct device_driver {
	const char *name;
	const struct bus_type *bus;
	struct module *owner;
	const char *mod_name;
	_Bool suppress_bind_attrs;
	enum probe_type probe_type;
	const struct of_device_id *of_match_table;
	const struct acpi_device_id *acpi_match_table;
	int (*probe)(struct device *dev);
	void (*sync_state)(struct device *dev);
	int (*remove)(struct device *dev);
	void (*shutdown)(struct device *dev);
	int (*suspend)(struct device *dev, pm_message_t state);
	int (*resume)(struct device *dev);
	const struct attribute_group **groups;
	const struct attribute_group **dev_groups;
	const struct dev_pm_ops *pm;
	struct list_head kmem_on_bus;
};

struct bus_type {
	const char *name;
	const char *dev_name;
	const struct attribute_group **bus_groups;
	const struct attribute_group **dev_groups;
	const struct attribute_group **drv_groups;
#if LINUX_VERSION_CODE >= 0x060b00
	int (*match)(struct device *dev, const struct device_driver *drv);
#else
	int (*match)(struct device *dev, struct device_driver *drv);
#endif
#if KMEM_ERA >= 60
#if LINUX_VERSION_CODE >= 0x060300
	int (*uevent)(const struct device *dev, struct kobj_uevent_env *env);
#else
	int (*uevent)(struct device *dev, struct kobj_uevent_env *env);
#endif
	int (*probe)(struct device *dev);
	void (*sync_state)(struct device *dev);
	void (*remove)(struct device *dev);
#else
	int (*hotplug)(struct device *dev, char **envp, int num_envp, char *buffer, int buffer_size);
	int (*uevent)(struct device *dev, char **envp, int num_envp, char *buffer, int buffer_size);
	int (*probe)(struct device *dev);
	int (*remove)(struct device *dev);
#endif
	void (*shutdown)(struct device *dev);
	const struct dev_pm_ops *pm;
};

/* attributes */
struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf, size_t count);
};

struct dev_ext_attribute {
	struct device_attribute attr;
	void *var;
};

struct driver_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device_driver *driver, char *buf);
	ssize_t (*store)(struct device_driver *driver, const char *buf, size_t count);
};

struct bus_attribute {
	struct attribute attr;
#if LINUX_VERSION_CODE >= 0x060400
	ssize_t (*show)(const struct bus_type *bus, char *buf);
	ssize_t (*store)(const struct bus_type *bus, const char *buf, size_t count);
#else
	ssize_t (*show)(struct bus_type *bus, char *buf);
	ssize_t (*store)(struct bus_type *bus, const char *buf, size_t count);
#endif
};

#define DEVICE_ATTR(_name, _mode, _show, _store)	\
	struct device_attribute dev_attr_##_name = __ATTR(_name, _mode, _show, _store)
#define DEVICE_ATTR_RW(_name)	struct device_attribute dev_attr_##_name = __ATTR_RW(_name)
#define DEVICE_ATTR_RO(_name)	struct device_attribute dev_attr_##_name = __ATTR_RO(_name)
#define DEVICE_ATTR_WO(_name)	struct device_attribute dev_attr_##_name = __ATTR_WO(_name)
#define DEVICE_ATTR_ADMIN_RW(_name)	\
	struct device_attribute dev_attr_##_name = __ATTR_RW_MODE(_name, 0600)
#define DEVICE_ATTR_ADMIN_RO(_name)	\
	struct device_attribute dev_attr_##_name = __ATTR_RO_MODE(_name, 0400)
#define DEVICE_INT_ATTR(_name, _mode, _var)	\
	struct dev_ext_attribute dev_attr_##_name =	\
		{ __ATTR(_name, _mode, device_show_int, device_store_int), &(_var) }
#define DEVICE_ULONG_ATTR(_name, _mode, _var)	\
	struct dev_ext_attribute dev_attr_##_name =	\
		{ __ATTR(_name, _mode, device_show_ulong, device_store_ulong), &(_var) }
#define DRIVER_ATTR(_name, _mode, _show, _store)	\
	struct driver_attribute driver_attr_##_name = __ATTR(_name, _mode, _show, _store)
#define DRIVER_ATTR_RW(_name)	struct driver_attribute driver_attr_##_name = __ATTR_RW(_name)
#define DRIVER_ATTR_RO(_name)	struct driver_attribute driver_attr_##_name = __ATTR_RO(_name)
#define DRIVER_ATTR_WO(_name)	struct driver_attribute driver_attr_##_name = __ATTR_WO(_name)
#define BUS_ATTR(_name, _mode, _show, _store)	\
	struct bus_attribute bus_attr_##_name = __ATTR(_name, _mode, _show, _store)
#define BUS_ATTR_RW(_name)	struct bus_attribute bus_attr_##_name = __ATTR_RW(_name)
#define BUS_ATTR_RO(_name)	struct bus_attribute bus_attr_##_name = __ATTR_RO(_name)
#define BUS_ATTR_WO(_name)	struct bus_attribute bus_attr_##_name = __ATTR_WO(_name)

ssize_t device_show_int(struct device *dev, struct device_attribute *attr, char *buf);
ssize_t device_store_int(struct device *dev, struct device_attribute *attr, const char *buf, size_t count);
ssize_t device_show_ulong(struct device *dev, struct device_attribute *attr, char *buf);
ssize_t device_store_ulong(struct device *dev, struct device_attribute *attr, const char *buf, size_t count);

#if KMEM_ERA >= 60
int device_create_file(struct device *dev, const struct device_attribute *attr);
void device_remove_file(struct device *dev, const struct device_attribute *attr);
int device_create_bin_file(struct device *dev, const struct bin_attribute *attr);
void device_remove_bin_file(struct device *dev, const struct bin_attribute *attr);
int driver_create_file(struct device_driver *drv, const struct driver_attribute *attr);
void driver_remove_file(struct device_driver *drv, const struct driver_attribute *attr);
int bus_create_file(const struct bus_type *bus, struct bus_attribute *attr);
void bus_remove_file(const struct bus_type *bus, struct bus_attribute *attr);
int device_add_group(struct device *dev, const struct attribute_group *grp);
void device_remove_group(struct device *dev, const struct attribute_group *grp);
int device_add_groups(struct device *dev, const struct attribute_group **groups);
void device_remove_groups(struct device *dev, const struct attribute_group **groups);
int devm_device_add_group(struct device *dev, const struct attribute_group *grp);
int devm_device_add_groups(struct device *dev, const struct attribute_group **groups);
#else
int device_create_file(struct device *dev, struct device_attribute *attr);
void device_remove_file(struct device *dev, struct device_attribute *attr);
int driver_create_file(struct device_driver *drv, struct driver_attribute *attr);
void driver_remove_file(struct device_driver *drv, struct driver_attribute *attr);
int bus_create_file(struct bus_type *bus, struct bus_attribute *attr);
void bus_remove_file(struct bus_type *bus, struct bus_attribute *attr);
#endif

/* buses, drivers, devices */
int bus_register(const struct bus_type *bus);
void bus_unregister(const struct bus_type *bus);
int driver_register(struct device_driver *drv);
void driver_unregister(struct device_driver *drv);
void device_initialize(struct device *dev);
int device_add(struct device *dev);
void device_del(struct device *dev);
int device_register(struct device *dev);
void device_unregister(struct device *dev);
struct device *get_device(struct device *dev);
void put_device(struct device *dev);
int device_for_each_child(struct device *parent, void *data, int (*fn)(struct device *dev, void *data));

static inline const char *dev_name(const struct device *dev)
{
#if KMEM_ERA >= 60
	return dev->init_name ? dev->init_name : dev->kobj.name;
#else
	return dev->kobj.name ? dev->kobj.name : dev->bus_id;
#endif
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

static inline void *dev_get_platdata(const struct device *dev)
{
	return dev->platform_data;
}

static inline int device_is_registered(struct device *dev)
{
	return dev->kobj.state_in_sysfs;
}

#define kobj_to_dev(kobj)	container_of(kobj, struct device, kobj)
#define module_driver(drv, add, remove, args...)			\
	static int __init drv##_init(void) { return add(&(drv), ##args); }	\
	module_init(drv##_init);					\
	static void __exit drv##_exit(void) { remove(&(drv), ##args); }	\
	module_exit(drv##_exit)
#define builtin_driver(drv, add, args...)				\
	static int __init drv##_init(void) { return add(&(drv), ##args); }	\
	module_init(drv##_init)

#if KMEM_ERA >= 60
__printf(5, 6) struct device *device_create(const struct class *cls, struct device *parent,
					    dev_t devt, void *drvdata, const char *fmt, ...);
__printf(6, 7) struct device *
device_create_with_groups(const struct class *cls, struct device *parent, dev_t devt,
			  void *drvdata, const struct attribute_group **groups,
			  const char *fmt, ...);
void device_destroy(const struct class *cls, dev_t devt);
__printf(2, 3) int dev_set_name(struct device *dev, const char *fmt, ...);
__printf(1, 2) struct device *root_device_register(const char *fmt, ...);
void root_device_unregister(struct device *dev);
const char *dev_driver_string(const struct device *dev);
struct device *device_find_child(struct device *parent, void *data, int (*match)(struct device *dev, void *data));
int class_for_each_device(const struct class *class, const struct device *start, void *data,
			  int (*fn)(struct device *dev, void *data));
#define device_lock(dev)	((void)(dev))
#define device_unlock(dev)	((void)(dev))
#define device_trylock(dev)	((void)(dev), 1)
#define device_set_wakeup_capable(dev, on)	((void)(dev), (void)(on))
#define device_init_wakeup(dev, on)	((void)(dev), (void)(on), 0)
#define device_may_wakeup(dev)	((void)(dev), false)
#define dev_to_node(dev)	((void)(dev), NUMA_NO_NODE)
#define set_dev_node(dev, node)	((void)(dev), (void)(node))
#define device_set_node(dev, node)	((dev)->fwnode = (node))
#define device_set_of_node_from_dev(dev, other)	((dev)->of_node = (other)->of_node)

/* what goes with the device */
typedef void (*dr_release_t)(struct device *dev, void *res);
typedef int (*dr_match_t)(struct device *dev, void *res, void *match_data);
void *devres_alloc(dr_release_t release, size_t size, gfp_t gfp);
#define devres_alloc_node(release, size, gfp, nid)	((void)(nid), devres_alloc((release), (size), (gfp)))
void devres_free(void *res);
void devres_add(struct device *dev, void *res);
void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
void *devres_get(struct device *dev, void *new_res, dr_match_t match, void *match_data);
void *devres_remove(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data);
void *devres_open_group(struct device *dev, void *id, gfp_t gfp);
void devres_close_group(struct device *dev, void *id);
void devres_remove_group(struct device *dev, void *id);
int devres_release_group(struct device *dev, void *id);
int devm_add_action(struct device *dev, void (*action)(void *), void *data);
int devm_add_action_or_reset(struct device *dev, void (*action)(void *), void *data);
void devm_remove_action(struct device *dev, void (*action)(void *), void *data);
void devm_release_action(struct device *dev, void (*action)(void *), void *data);
void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp);
void *devm_krealloc(struct device *dev, void *ptr, size_t size, gfp_t gfp);
void devm_kfree(struct device *dev, const void *p);
char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp);
const char *devm_kstrdup_const(struct device *dev, const char *s, gfp_t gfp);
void *devm_kmemdup(struct device *dev, const void *src, size_t len, gfp_t gfp);
__printf(3, 4) char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...);
__printf(3, 0) char *devm_kvasprintf(struct device *dev, gfp_t gfp, const char *fmt, va_list args);
unsigned long devm_get_free_pages(struct device *dev, gfp_t gfp, unsigned int order);
void devm_free_pages(struct device *dev, unsigned long addr);
#define devm_kzalloc(dev, size, gfp)	devm_kmalloc(dev, size, (gfp) | __GFP_ZERO)
/* what does not fit is NULL without a word */
#define __kmem_devm_array(n, size, bytes, call) ({			\
	size_t bytes;							\
	check_mul_overflow((size_t)(n), (size_t)(size), &bytes) ? NULL : (call); })
#define devm_kmalloc_array(dev, n, size, gfp)	\
	__kmem_devm_array(n, size, __bytes, devm_kmalloc(dev, __bytes, gfp))
#define devm_kcalloc(dev, n, size, gfp)	\
	__kmem_devm_array(n, size, __bytes, devm_kzalloc(dev, __bytes, gfp))
#define devm_krealloc_array(dev, p, n, size, gfp)	\
	__kmem_devm_array(n, size, __bytes, devm_krealloc(dev, p, __bytes, gfp))
#define devm_kmemdup_array(dev, src, n, size, gfp)	devm_kmemdup(dev, src, size_mul(size, n), gfp)
void *kmem_devm_alloc_percpu(struct device *dev, size_t size, size_t align);
#define devm_alloc_percpu(dev, type)	\
	((__typeof__(type) *)kmem_devm_alloc_percpu((dev), sizeof(type), __alignof__(type)))
void devm_free_percpu(struct device *dev, void *p);

void __iomem *devm_ioremap(struct device *dev, resource_size_t offset, resource_size_t size);
void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *res);
#define devm_ioremap_uc(dev, offset, size)	devm_ioremap(dev, offset, size)
#define devm_ioremap_wc(dev, offset, size)	devm_ioremap(dev, offset, size)
#define devm_ioremap_resource_wc(dev, res)	devm_ioremap_resource(dev, res)
void devm_iounmap(struct device *dev, void __iomem *addr);
void *devm_memremap(struct device *dev, resource_size_t offset, size_t size, unsigned long flags);
void __iomem *devm_of_iomap(struct device *dev, struct device_node *node, int index, resource_size_t *size);
struct resource *kmem_devm_request_region(struct device *dev, resource_size_t start, resource_size_t n,
					  const char *name, unsigned long flags);
void kmem_devm_release_region(struct device *dev, resource_size_t start, resource_size_t n, unsigned long flags);
#define devm_request_region(dev, start, n, name)	\
	kmem_devm_request_region((dev), (start), (n), (name), 0x00000100)
#define devm_request_mem_region(dev, start, n, name)	\
	kmem_devm_request_region((dev), (start), (n), (name), 0x00000200)
#define devm_release_region(dev, start, n)	kmem_devm_release_region((dev), (start), (n), 0x00000100)
#define devm_release_mem_region(dev, start, n)	kmem_devm_release_region((dev), (start), (n), 0x00000200)
#else
/* 2.6.18 has both: class_device for most drivers, device for the first of the new ones */
struct class_device {
	struct list_head node;
	struct class *class;
	dev_t devt;
	struct device *dev;
	void *class_data;
	char class_id[20];
	struct list_head kmem_all;
};

struct class_device *class_device_create(struct class *cls, struct class_device *parent,
					 dev_t devt, struct device *device,
					 const char *fmt, ...) __printf(5, 6);
void class_device_destroy(struct class *cls, dev_t devt);
__printf(4, 5) struct device *device_create(struct class *cls, struct device *parent,
					    dev_t devt, const char *fmt, ...);
void device_destroy(struct class *cls, dev_t devt);
#define class_get_devdata(dev)	((dev)->class_data)
#define class_set_devdata(dev, data)	((dev)->class_data = (data))

/* before 2.6.13 */
#define class_simple	class
#define class_simple_create(owner, name)	class_create(owner, name)
#define class_simple_destroy(cls)	class_destroy(cls)
#define class_simple_device_add(cls, devt, device, fmt, args...)	\
	class_device_create(cls, NULL, devt, device, fmt, ##args)
#define class_simple_device_remove(devt)	class_device_destroy(NULL, devt)
#endif
