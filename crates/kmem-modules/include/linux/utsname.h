/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What uname tells. */
#pragma once

struct new_utsname {
	char sysname[65];
	char nodename[65];
	char release[65];
	char version[65];
	char machine[65];
	char domainname[65];
};

#if KMEM_ERA >= 60
struct uts_namespace {
	struct new_utsname name;
};

extern struct uts_namespace init_uts_ns;

#define utsname()	(&init_uts_ns.name)
#define init_utsname()	(&init_uts_ns.name)
#else
extern struct new_utsname system_utsname;

#define utsname()	(&system_utsname)
#define init_utsname()	(&system_utsname)
#endif
