/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the runtime's files know of each other. */
#pragma once
#include <linux/list.h>
#include <linux/types.h>
#include <kmem/host.h>

struct device;
struct file_operations;
struct inode;
struct proc_dir_entry;

#define KMEM_NEVER	(~0ULL)	/* a time that never comes */

/* zeroed memory of the runtime's own */
void *kmem_rt_zalloc(size_t size);
char *kmem_rt_strdup(const char *s);

/* a number in any base that C writes; 0 or -errno */
int kmem_parse_ull(const char *s, unsigned int base, unsigned long long *res);
int kmem_parse_ll(const char *s, unsigned int base, long long *res);

/* the number in a field of max characters; where it ends */
const char *kmem_scan_ull(const char *s, unsigned int base, size_t max, unsigned long long *res);

/* the name of an error number, or NULL */
const char *kmem_errname(int err);

/* tasklets and callbacks that are due: 0 when there were none */
int kmem_run_deferred(void);
/* lets the one thing happen that comes next, a timer included; 0 when nothing can */
int kmem_run_next(void);
/* the same, but not beyond a time in ns; 0 when that has come */
int kmem_run_next_until(u64 deadline);
/* moves the clock on */
void kmem_clock_reach(u64 ns);
/* runs what was put off, between two calls into a module */
void kmem_rt_idle(void);

/* a driver's name for itself and the number behind a name */
int kmem_chrdev_by_name(const char *name, unsigned int minor, dev_t *dev);
int kmem_chrdev_by_node(const char *node, dev_t *dev);
struct cdev *kmem_cdev_of(dev_t dev);
int kmem_device_by_node(const char *node, dev_t *dev);
int kmem_device_in(dev_t first, unsigned int count);
void kmem_devres_release(struct device *dev);
const struct file_operations *kmem_misc_fops(unsigned int minor, void **misc);

struct proc_dir_entry *kmem_proc_find(const char *path);
const struct file_operations *kmem_proc_fops(struct proc_dir_entry *entry);
struct proc_dir_entry *kmem_inode_pde(const struct inode *inode);

/* counts down to the one thing that is asked for, and describes it */
struct kmem_left {
	int want;
	char *buf;
	unsigned int size;
	int len;
};

__printf(2, 3) void kmem_left(struct kmem_left *left, const char *fmt, ...);
void kmem_chrdev_left(struct kmem_left *left);
void kmem_device_left(struct kmem_left *left);
void kmem_misc_left(struct kmem_left *left);
void kmem_proc_left(struct kmem_left *left);
void kmem_file_left(struct kmem_left *left);
void kmem_timer_left(struct kmem_left *left);
void kmem_irq_left(struct kmem_left *left);
