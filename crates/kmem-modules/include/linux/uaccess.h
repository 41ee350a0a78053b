/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* To and from user space. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#if LINUX_VERSION_CODE >= 0x041000
/* of a slab object only the window that its cache was made with is open; what the compiler knows the size of is not looked at */
void kmem_host_check_object(const void *object, unsigned long n, int to_user);
unsigned long __must_check kmem_copy_to_user(void __user *to, const void *from, unsigned long n)
	__asm__("copy_to_user");
unsigned long __must_check kmem_copy_from_user(void *to, const void __user *from, unsigned long n)
	__asm__("copy_from_user");

static __always_inline unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long n)
{
	if (!__builtin_constant_p(n))
		kmem_host_check_object(from, n, 1);
	return kmem_copy_to_user(to, from, n);
}

static __always_inline unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long n)
{
	if (!__builtin_constant_p(n))
		kmem_host_check_object(to, n, 0);
	return kmem_copy_from_user(to, from, n);
}
#else
unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long n);
#endif
unsigned long __must_check clear_user(void __user *to, unsigned long n);
long __must_check strncpy_from_user(char *dst, const char __user *src, long count);

#define __copy_to_user(to, from, n)	copy_to_user(to, from, n)
#define __copy_from_user(to, from, n)	copy_from_user(to, from, n)
#define __copy_to_user_inatomic(to, from, n)	copy_to_user(to, from, n)
#define __copy_from_user_inatomic(to, from, n)	copy_from_user(to, from, n)
#define _copy_to_user(to, from, n)	copy_to_user(to, from, n)
#define _copy_from_user(to, from, n)	copy_from_user(to, from, n)
#define __clear_user(to, n)	clear_user(to, n)
#define __strncpy_from_user(dst, src, count)	strncpy_from_user(dst, src, count)

/* a variable that a value of the pointed-to type passes through: a word, or two for 8 bytes */
#define __kmem_user_word(ptr)	\
	__typeof__(__builtin_choose_expr(sizeof(*(ptr)) > sizeof(long), 0ULL, 0UL))
#define get_user(x, ptr) ({						\
	__kmem_user_word(ptr) __word = 0;				\
	int __error = copy_from_user(&__word, (ptr), sizeof(*(ptr))) ? -EFAULT : 0;	\
	(x) = (__force __typeof__(*(ptr)))(__error ? 0 : __word);	\
	__error; })
#define put_user(x, ptr) ({						\
	__typeof__(*(ptr)) __value = (x);				\
	copy_to_user((void *)(ptr), &__value, sizeof(*(ptr))) ? -EFAULT : 0; })
#define __get_user(x, ptr)	get_user(x, ptr)
#define __put_user(x, ptr)	put_user(x, ptr)

static inline int kmem_access_ok(unsigned long addr, unsigned long size)
{
	return size <= (unsigned long)KMEM_TASK_SIZE && addr <= (unsigned long)KMEM_TASK_SIZE - size;
}

#if LINUX_VERSION_CODE >= 0x050000
#define access_ok(addr, size)	likely(kmem_access_ok((unsigned long)(addr), (size)))
#else
#define VERIFY_READ	0
#define VERIFY_WRITE	1
#define access_ok(type, addr, size)	((void)(type), kmem_access_ok((unsigned long)(addr), (size)))
#endif

#if KMEM_ERA >= 60
long strnlen_user(const char __user *s, long n);
int __must_check check_zeroed_user(const void __user *from, size_t size);
int __must_check copy_struct_from_user(void *dst, size_t ksize, const void __user *src,
				       size_t usize);
#define pagefault_disable()	preempt_disable()
#define pagefault_enable()	preempt_enable()
#define pagefault_disabled()	(preempt_count() != 0)
#define user_access_begin(ptr, len)	access_ok(ptr, len)
#define user_access_end()	do { } while (0)
#define unsafe_get_user(x, ptr, label)	do { if (get_user(x, ptr)) goto label; } while (0)
#define unsafe_put_user(x, ptr, label)	do { if (put_user(x, ptr)) goto label; } while (0)
#else
static inline int verify_area(int type, const void __user *addr, unsigned long size)
{
	return access_ok(type, addr, size) ? 0 : -EFAULT;
}
#endif
