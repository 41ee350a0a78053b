/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the runtime's files know of each other. */
#pragma once
#include <linux/list.h>
#include <linux/types.h>
#include <kmem/host.h>

struct attribute_group;
struct device;
struct device_node;
struct file_operations;
struct kobject;
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

/* the clock, without a look at it that takes time; moving it on */
u64 kmem_clock_peek(void);
u64 kmem_wall_clock_peek(void);
u64 kmem_jiffies_peek(void);
void kmem_clock_reach(u64 ns);
void kmem_delay(u64 ns);

/* timers: when the next one goes off, all that are due, one that is not wanted any more */
struct timer_list;
u64 kmem_timer_next(void);
void kmem_timers_run(void);
int kmem_timer_forget(struct timer_list *timer);

/* tasklets and callbacks that are due: 0 when there were none */
int kmem_run_deferred(void);
/* runs what was put off, between two calls into a module */
void kmem_rt_idle(void);

/* locks whose holders may sleep: who took them, and the code that did */
#define KMEM_SLEPT	32
struct kmem_slept {
	struct task_struct *task;
	const void *lock;
	const char *what;
	void *code;
};
extern struct kmem_slept kmem_slept[KMEM_SLEPT];
void kmem_note_slept(const void *lock, const char *what, void *code);
void kmem_forget_slept(const void *lock);
unsigned int kmem_held_now(void);
void kmem_check_held(const char *who, const void *function, int count, int irqs, unsigned int held);

/* tasks: see sched.c */
struct task_struct;
void kmem_sched_init(void);
unsigned int kmem_seeded(unsigned int below);
int kmem_others_can_run(void);
int kmem_others_read(void);
int kmem_try_to_wake_up(struct task_struct *task, unsigned int mode);
void kmem_move_to_cpu(unsigned int cpu);
int kmem_block(const char *what, u64 deadline);
void kmem_yield(void);
void kmem_sleep_until(u64 end, const char *what);
int kmem_wait_on(const void *key, const char *what, unsigned long long deadline);
void kmem_wake_on(const void *key);
struct task_struct *kmem_first_waiting_on(const void *key);
void kmem_wait_for_lock(const void *lock, const char *what, struct task_struct *owner);
struct task_struct *kmem_task_of_lock(unsigned int id);
struct task_struct *kmem_task_create(void (*entry)(void));
void kmem_task_begin(void);
void kmem_task_end(void) __noreturn;
int kmem_task_is_gone(const struct task_struct *task);
void kmem_thread_exit(long result) __noreturn;
struct task_struct *kmem_own_thread(int (*fn)(void *), void *data, const char *comm);
int kmem_is_idle_worker(const struct task_struct *task);

/*
 * What a module has asked the kernel to keep or to do: the host remembers who asked for it, and reports what is left.
 * The numbers are those of src/holds.rs.
 */
enum {
	KMEM_HOLD_THREAD, KMEM_HOLD_TIMER, KMEM_HOLD_HRTIMER, KMEM_HOLD_WORK, KMEM_HOLD_DELAYED_WORK,
	KMEM_HOLD_WORKER, KMEM_HOLD_TASKLET, KMEM_HOLD_RCU, KMEM_HOLD_WORKQUEUE, KMEM_HOLD_REGION,
	KMEM_HOLD_CDEV, KMEM_HOLD_CLASS, KMEM_HOLD_DEVICE, KMEM_HOLD_MISC, KMEM_HOLD_PROC, KMEM_HOLD_FILE,
	KMEM_HOLD_IRQ, KMEM_HOLD_PORTS, KMEM_HOLD_MEM, KMEM_HOLD_DRIVER, KMEM_HOLD_KOBJECT, KMEM_HOLD_SYSFS,
	KMEM_HOLD_DEBUGFS, KMEM_HOLD_DMA_MAP, KMEM_HOLD_DMA_POOL, KMEM_HOLD_NOTIFIER, KMEM_HOLD_HOTPLUG,
	KMEM_HOLD_DMA_COHERENT, KMEM_HOLD_DMA_OBJECT,
};
__printf(3, 4) void kmem_hold(unsigned int kind, const void *key, const char *fmt, ...);

/* a driver's name for itself and the number behind a name */
int kmem_chrdev_by_name(const char *name, unsigned int minor, dev_t *dev);
int kmem_chrdev_by_node(const char *node, dev_t *dev);
struct cdev *kmem_cdev_of(dev_t dev);
int kmem_device_by_node(const char *node, dev_t *dev);
int kmem_device_in(dev_t first, unsigned int count);
void kmem_devres_release(struct device *dev);

/* objects and their files */
void kmem_kobject_init(struct kobject *kobj, const void *ktype);
int kmem_kobject_add(struct kobject *kobj);
void kmem_kobject_path(const struct kobject *kobj, int which, char *buf, size_t size);
int kmem_device_path(const struct kobject *kobj, int which, char *buf, size_t size);
void kmem_sysfs_forget(const void *owner);
const struct file_operations *kmem_sysfs_find(const char *path, void **data, umode_t *mode);
const struct file_operations *kmem_debugfs_find(const char *path, void **data, umode_t *mode);
void *kmem_inode_data(const struct inode *inode);

/* devices that the host brings */
#define KMEM_EPROBE_DEFER	517
void kmem_bring_devices(void);	/* once, before the first driver */
void kmem_device_is_of_host(struct device *dev);
struct device_node *kmem_of_node(unsigned int index, const char *name);
void kmem_pci_bring(unsigned int index, const char *name, const char *numbers, u64 mmio, u64 size, unsigned int irq);
int kmem_irq_raise(unsigned int irq);
const struct file_operations *kmem_misc_fops(unsigned int minor, void **misc);

struct proc_dir_entry *kmem_proc_find(const char *path);
const struct file_operations *kmem_proc_fops(struct proc_dir_entry *entry);
struct proc_dir_entry *kmem_inode_pde(const struct inode *inode);
