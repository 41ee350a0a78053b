/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who the current task is: root, until a script says otherwise. */
#pragma once
#include <linux/capability.h>
#include <linux/uidgid.h>

struct user_namespace;

#if KMEM_ERA >= 60
struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
};

/* all tasks of a script have the same */
extern struct cred kmem_cred;

#define current_cred()	((const struct cred *)&kmem_cred)
#define get_current_cred()	current_cred()
#define get_task_cred(task)	((void)(task), current_cred())
#define __task_cred(task)	((void)(task), current_cred())
#define put_cred(cred)	((void)(cred))
#define task_uid(task)	((void)(task), kmem_cred.uid)
#define task_euid(task)	((void)(task), kmem_cred.euid)
#define current_uid()	(kmem_cred.uid)
#define current_euid()	(kmem_cred.euid)
#define current_suid()	(kmem_cred.suid)
#define current_fsuid()	(kmem_cred.fsuid)
#define current_gid()	(kmem_cred.gid)
#define current_egid()	(kmem_cred.egid)
#define current_fsgid()	(kmem_cred.fsgid)
#define current_user_ns()	((struct user_namespace *)0)
extern struct user_namespace init_user_ns;
#endif
