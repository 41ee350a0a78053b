/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* User and group numbers: all is done by root, until a script says otherwise. */
#pragma once
#include <linux/types.h>

#if KMEM_ERA >= 60 && LINUX_VERSION_CODE < 0x030500
typedef uid_t kuid_t;
typedef gid_t kgid_t;
#elif KMEM_ERA >= 60
typedef struct {
	uid_t val;
} kuid_t;

typedef struct {
	gid_t val;
} kgid_t;

#define KUIDT_INIT(value)	(kuid_t){ value }
#define KGIDT_INIT(value)	(kgid_t){ value }
#define GLOBAL_ROOT_UID	KUIDT_INIT(0)
#define GLOBAL_ROOT_GID	KGIDT_INIT(0)
#define __kuid_val(uid)	((uid).val)
#define __kgid_val(gid)	((gid).val)
#define uid_eq(a, b)	((a).val == (b).val)
#define gid_eq(a, b)	((a).val == (b).val)
#define uid_valid(uid)	((uid).val != (uid_t)-1)
#define from_kuid(ns, uid)	((uid).val)
#define from_kgid(ns, gid)	((gid).val)
#define from_kuid_munged(ns, uid)	((uid).val)
#define make_kuid(ns, uid)	KUIDT_INIT(uid)
#define make_kgid(ns, gid)	KGIDT_INIT(gid)
#endif
