/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Terminals, as far as a driver asks for the one that a process was started from: there is none. */
#pragma once
#include <linux/fs.h>
#include <linux/major.h>
#include <linux/sched.h>
#include <linux/termios.h>
#include <linux/workqueue.h>

struct ktermios;
struct tty_driver;
struct tty_operations;
struct tty_port;

struct tty_struct {
	int magic;
	struct tty_driver *driver;
	const struct tty_operations *ops;
	int index;
	char name[64];
	void *driver_data;
	dev_t kmem_number;
};

struct tty_operations {
	int (*open)(struct tty_struct *tty, struct file *filp);
	void (*close)(struct tty_struct *tty, struct file *filp);
	int (*write)(struct tty_struct *tty, const unsigned char *buf, int count);
};

struct tty_driver {
	const char *driver_name, *name;
	int major, minor_start;
#if KMEM_ERA < 60
	int (*write)(struct tty_struct *tty, const unsigned char *buf, int count);
#else
	const struct tty_operations *ops;
#endif
};

#define get_current_tty()	(current->signal->tty)
#define tty_devnum(tty)	((tty)->kmem_number)
#define tty_kref_put(tty)	((void)(tty))
