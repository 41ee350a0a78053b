/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file's place. */
#pragma once

struct dentry;
struct vfsmount;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
