/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parameters of a module: a table that the loader reads, and functions that set a variable from a string. */
#pragma once
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/stringify.h>
#include <linux/types.h>

#define MODULE_INFO(tag, info)						\
	static const char __UNIQUE_ID(modinfo)[] __used __section(".modinfo") \
	__aligned(1) = #tag "=" info
#define MODULE_PARM_DESC(parameter, desc)	MODULE_INFO(parm, #parameter ":" desc)

struct kernel_param;

struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buffer, const struct kernel_param *kp);
	void (*free)(void *arg);
};

struct kparam_string {
	unsigned int maxlen;
	char *string;
};

struct kparam_array {
	unsigned int max;
	unsigned int elemsize;
	unsigned int *num;
	int (*set)(const char *val, const struct kernel_param *kp);
	void *elem;
};

/* the kmem_param of ABI.md */
struct kernel_param {
	const char *name;
	int (*set)(const char *val, const struct kernel_param *kp);
	union {
		void *arg;
		const struct kparam_string *str;
		const struct kparam_array *arr;
	};
	union {
		const void *extra;
		const struct kernel_param_ops *ops;
	};
};

#define KERNEL_PARAM_OPS_FL_NOARG	1
#define KERNEL_PARAM_FL_UNSAFE	1

#define __kmem_param(id, shown, setter, argument, more)			\
	static struct kernel_param __param_##id __used			\
	__section("__kmem_param") __aligned(sizeof(void *)) = {		\
		.name = shown, .set = (setter),				\
		.arg = (void *)(argument), .extra = (more) }

#define __kmem_param_check(name, p, type)	\
	static inline type *__maybe_unused __check_##name(void) { return (p); }
#define param_check_byte(name, p)	__kmem_param_check(name, p, unsigned char)
#define param_check_short(name, p)	__kmem_param_check(name, p, short)
#define param_check_ushort(name, p)	__kmem_param_check(name, p, unsigned short)
#define param_check_int(name, p)	__kmem_param_check(name, p, int)
#define param_check_uint(name, p)	__kmem_param_check(name, p, unsigned int)
#define param_check_hexint(name, p)	__kmem_param_check(name, p, unsigned int)
#define param_check_long(name, p)	__kmem_param_check(name, p, long)
#define param_check_ulong(name, p)	__kmem_param_check(name, p, unsigned long)
#define param_check_ullong(name, p)	__kmem_param_check(name, p, unsigned long long)
#define param_check_charp(name, p)	__kmem_param_check(name, p, char *)
#define param_check_bint(name, p)	__kmem_param_check(name, p, int)
#if KMEM_ERA >= 60
#define param_check_bool(name, p)	__kmem_param_check(name, p, bool)
#define param_check_invbool(name, p)	__kmem_param_check(name, p, bool)
#else
/* any integer will do for a bool */
#define param_check_bool(name, p)	\
	static inline void __maybe_unused __check_##name(void) { (void)BUILD_BUG_ON_ZERO(sizeof(*(p)) != sizeof(int)); }
#define param_check_invbool(name, p)	param_check_bool(name, p)
#endif

#define module_param_named(shown, value, type, perm)			\
	param_check_##type(shown, &(value));				\
	__kmem_param(shown, #shown, param_set_##type, &(value), 0)
#define module_param(name, type, perm)	module_param_named(name, name, type, perm)
#define module_param_unsafe(name, type, perm)	module_param(name, type, perm)
#define module_param_named_unsafe(name, value, type, perm)	module_param_named(name, value, type, perm)
#define module_param_string(shown, buf, len, perm)			\
	static const struct kparam_string __param_string_##shown = { len, buf }; \
	__kmem_param(shown, #shown, param_set_copystring, &__param_string_##shown, 0)
#define module_param_array_named(shown, array, type, nump, perm)	\
	param_check_##type(shown, &(array)[0]);				\
	static const struct kparam_array __param_array_##shown = {	\
		.max = sizeof(array) / sizeof((array)[0]),		\
		.elemsize = sizeof((array)[0]),				\
		.num = (nump), .set = param_set_##type, .elem = (array) }; \
	__kmem_param(shown, #shown, param_array_set, &__param_array_##shown, 0)
#define module_param_array(name, type, nump, perm)	\
	module_param_array_named(name, name, type, nump, perm)
#if KMEM_ERA >= 60
#define module_param_cb(shown, operations, argument, perm)	\
	__kmem_param(shown, #shown, kmem_param_by_ops, argument, operations)
#define module_param_cb_unsafe(name, ops, arg, perm)	module_param_cb(name, ops, arg, perm)
#define module_param_hw(name, type, hwtype, perm)	module_param(name, type, perm)
#define module_param_hw_named(name, value, type, hwtype, perm)	module_param_named(name, value, type, perm)
#define core_param(name, value, type, perm)	module_param_named(name, value, type, perm)
#else
#define module_param_call(shown, setter, getter, argument, perm)	\
	__kmem_param(shown, #shown, (int (*)(const char *, const struct kernel_param *))(setter), argument, 0)
#define MODULE_PARM(value, shape)	\
	__kmem_param(value, #value, kmem_param_by_shape, &(value), shape)
#endif

/* in 2.6 the functions take a kernel_param that is not const */
#if KMEM_ERA >= 60
#define __KMEM_PARAM_CONST const
#else
#define __KMEM_PARAM_CONST
#endif

#define __KMEM_PARAM_TYPE(type)						\
	extern const struct kernel_param_ops param_ops_##type;		\
	int param_set_##type(const char *val, const struct kernel_param *kp); \
	int param_get_##type(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp);
__KMEM_PARAM_TYPE(byte)
__KMEM_PARAM_TYPE(short)
__KMEM_PARAM_TYPE(ushort)
__KMEM_PARAM_TYPE(int)
__KMEM_PARAM_TYPE(uint)
__KMEM_PARAM_TYPE(hexint)
__KMEM_PARAM_TYPE(long)
__KMEM_PARAM_TYPE(ulong)
__KMEM_PARAM_TYPE(ullong)
__KMEM_PARAM_TYPE(charp)
__KMEM_PARAM_TYPE(bool)
__KMEM_PARAM_TYPE(invbool)
__KMEM_PARAM_TYPE(bint)
#undef __KMEM_PARAM_TYPE

int param_set_copystring(const char *val, const struct kernel_param *kp);
int param_get_string(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp);
int param_array_set(const char *val, const struct kernel_param *kp);
int kmem_param_by_ops(const char *val, const struct kernel_param *kp);
int kmem_param_by_shape(const char *val, const struct kernel_param *kp);
#if KMEM_ERA >= 60
int param_set_uint_minmax(const char *val, const struct kernel_param *kp,
			  unsigned int min, unsigned int max);
#endif
