/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who the current task is: root. */
#pragma once
#include <linux/capability.h>
#include <linux/uidgid.h>

#define current_uid()	GLOBAL_ROOT_UID
#define current_euid()	GLOBAL_ROOT_UID
#define current_fsuid()	GLOBAL_ROOT_UID
#define current_gid()	GLOBAL_ROOT_GID
#define current_egid()	GLOBAL_ROOT_GID
#define current_user_ns()	((void *)0)
