/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* 2.6's first way to make nodes in /dev. */
#pragma once
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/stat.h>

__printf(3, 4) int devfs_mk_cdev(dev_t dev, umode_t mode, const char *fmt, ...);
__printf(1, 2) void devfs_remove(const char *fmt, ...);
__printf(1, 2) int devfs_mk_dir(const char *fmt, ...);
