/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* NULL, and where a member lies in its structure. */
#pragma once

#undef NULL
#define NULL ((void *)0)

#undef offsetof
#define offsetof(type, member)	__builtin_offsetof(type, member)
#define offsetofend(type, member) \
	(offsetof(type, member) + sizeof(((type *)0)->member))

#if KMEM_ERA >= 60
#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#define struct_group(name, members...)	\
	union { struct { members }; struct { members } name; }
#define struct_group_attr(name, attrs, members...)	\
	union { struct { members } attrs; struct { members } attrs name; }
#define struct_group_tagged(tag, name, members...)	\
	union { struct { members }; struct tag { members } name; }
#define DECLARE_FLEX_ARRAY(type, name)	\
	struct { struct { } __empty_##name; type name[]; }
#endif
