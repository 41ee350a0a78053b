/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The task that runs. */
#pragma once

struct task_struct;
extern struct task_struct *kmem_current;
#define get_current()	(kmem_current)
#define current		(kmem_current)
