/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Module parameters: one function a type sets the variable from the text, one writes it out. */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include "rt.h"

#define INTEGER(name, type, wide, parse, format, base)			\
int param_set_##name(const char *val, const struct kernel_param *kp)	\
{									\
	wide v;								\
	int err = val ? parse(val, 0, &v) : -EINVAL;			\
									\
	if (err)							\
		return err;						\
	if (v != (type)v)						\
		return -ERANGE;						\
	*(type *)kp->arg = v;						\
	return 0;							\
}									\
int param_get_##name(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp)	\
{									\
	return sprintf(buffer, format "\n", *(type *)kp->arg);		\
}
INTEGER(byte, unsigned char, unsigned long long, kmem_parse_ull, "%hhu", 0)
INTEGER(short, short, long long, kmem_parse_ll, "%hd", 0)
INTEGER(ushort, unsigned short, unsigned long long, kmem_parse_ull, "%hu", 0)
INTEGER(int, int, long long, kmem_parse_ll, "%d", 0)
INTEGER(uint, unsigned int, unsigned long long, kmem_parse_ull, "%u", 0)
INTEGER(hexint, unsigned int, unsigned long long, kmem_parse_ull, "%#08x", 0)
INTEGER(long, long, long long, kmem_parse_ll, "%ld", 0)
INTEGER(ulong, unsigned long, unsigned long long, kmem_parse_ull, "%lu", 0)
INTEGER(ullong, unsigned long long, unsigned long long, kmem_parse_ull, "%llu", 0)
#undef INTEGER

/* the value outlives the text it was given in */
int param_set_charp(const char *val, const struct kernel_param *kp)
{
	if (!val)
		return -EINVAL;
	if (strlen(val) > 1024)
		return -ENOSPC;
	*(char **)kp->arg = kmem_rt_strdup(val);
	return *(char **)kp->arg ? 0 : -ENOMEM;
}

int param_get_charp(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", *(char **)kp->arg);
}

/* y, n, 1, 0, on, off; no value at all means yes */
static int parse_bool(const char *val, int *res)
{
	if (!val)
		val = "1";
	if (strchr("yYtT1", val[0]) && val[0])
		*res = 1;
	else if (strchr("nNfF0", val[0]) && val[0])
		*res = 0;
	else if (_tolower(val[0]) == 'o' && (_tolower(val[1]) == 'n' || _tolower(val[1]) == 'f'))
		*res = _tolower(val[1]) == 'n';
	else
		return -EINVAL;
	return 0;
}

#if KMEM_ERA >= 60
typedef bool param_bool;
#else
typedef int param_bool;
#endif

static int set_bool(const char *val, void *to, int invert, int is_int)
{
	int v, err = parse_bool(val, &v);

	if (err)
		return err;
	if (is_int)
		*(int *)to = v ^ invert;
	else
		*(param_bool *)to = v ^ invert;
	return 0;
}

int param_set_bool(const char *val, const struct kernel_param *kp)
{
	return set_bool(val, kp->arg, 0, 0);
}

int param_get_bool(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *(param_bool *)kp->arg ? 'Y' : 'N');
}

int param_set_invbool(const char *val, const struct kernel_param *kp)
{
	return set_bool(val, kp->arg, 1, 0);
}

int param_get_invbool(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *(param_bool *)kp->arg ? 'N' : 'Y');
}

int param_set_bint(const char *val, const struct kernel_param *kp)
{
	return set_bool(val, kp->arg, 0, 1);
}

int param_get_bint(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", *(int *)kp->arg ? 'Y' : 'N');
}

int param_set_copystring(const char *val, const struct kernel_param *kp)
{
	if (!val)
		return -EINVAL;
	if (strlen(val) + 1 > kp->str->maxlen)
		return -ENOSPC;
	strcpy(kp->str->string, val);
	return 0;
}

int param_get_string(char *buffer, __KMEM_PARAM_CONST struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", kp->str->string);
}

/* values with commas between them, each set as one of its type */
static int set_array(const char *val, const struct kparam_array *array)
{
	char *text, *rest, *one;
	unsigned int n = 0;
	int err = 0;

	if (!val)
		return -EINVAL;
	text = rest = kmem_rt_strdup(val);
	if (!text)
		return -ENOMEM;
	while (!err && (one = strsep(&rest, ",")) != NULL) {
		struct kernel_param element = {
			.arg = (char *)array->elem + n * array->elemsize,
		};

		err = n < array->max ? array->set(one, &element) : -EINVAL;
		n++;
	}
	kmem_host_rt_free(text);
	if (!err && array->num)
		*array->num = n;
	return err;
}

int param_array_set(const char *val, const struct kernel_param *kp)
{
	return set_array(val, kp->arr);
}

#if KMEM_ERA >= 60

#define OPS(type)	\
const struct kernel_param_ops param_ops_##type = { .set = param_set_##type, .get = param_get_##type };
OPS(byte) OPS(short) OPS(ushort) OPS(int) OPS(uint) OPS(hexint) OPS(long) OPS(ulong)
OPS(ullong) OPS(charp) OPS(bool) OPS(invbool) OPS(bint)
#undef OPS

int kmem_param_by_ops(const char *val, const struct kernel_param *kp)
{
	if (!val && !(kp->ops->flags & KERNEL_PARAM_OPS_FL_NOARG))
		return -EINVAL;
	return kp->ops->set(val, kp);
}

int param_set_uint_minmax(const char *val, const struct kernel_param *kp,
			  unsigned int min, unsigned int max)
{
	unsigned long long v;
	int err = val ? kmem_parse_ull(val, 0, &v) : -EINVAL;

	if (err)
		return err;
	if (v < min || v > max)
		return -EINVAL;
	*(unsigned int *)kp->arg = v;
	return 0;
}

#else

/* MODULE_PARM: a shape such as "i", "1-4h" or "s" */
int kmem_param_by_shape(const char *val, const struct kernel_param *kp)
{
	struct kparam_array array = { .max = 1, .elem = kp->arg };
	char *shape = (char *)kp->extra;

	if (isdigit(*shape)) {
		array.max = simple_strtoul(shape, &shape, 10);
		if (*shape == '-')
			array.max = simple_strtoul(shape + 1, &shape, 10);
	}
	switch (*shape) {
	case 'b':
		array.elemsize = sizeof(char);
		array.set = param_set_byte;
		break;
	case 'h':
		array.elemsize = sizeof(short);
		array.set = param_set_short;
		break;
	case 'i':
		array.elemsize = sizeof(int);
		array.set = param_set_int;
		break;
	case 'l':
		array.elemsize = sizeof(long);
		array.set = param_set_long;
		break;
	case 's':
		array.elemsize = sizeof(char *);
		array.set = param_set_charp;
		break;
	default:
		return -EINVAL;
	}
	return set_array(val, &array);
}

#endif
