/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of files. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>

struct inode;

struct qstr {
	u32 hash;
	u32 len;
	const unsigned char *name;
};

#define QSTR_INIT(text, length)	{ .len = (length), .name = (text) }

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	unsigned char d_iname[36];
};

#if KMEM_ERA >= 60
#define d_inode(dentry)	((dentry)->d_inode)
#define d_backing_inode(dentry)	((dentry)->d_inode)
#endif
