/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the kernel asks of the compiler: attributes, branch hints, single accesses. */
#pragma once

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* marks that only a checker reads */
#define __user
#define __kernel
#define __iomem
#define __percpu
#define __rcu
#define __force
#define __nocast
#define __bitwise
#define __bitwise__
#define __safe
#define __private
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define __acquire(x)	(void)0
#define __release(x)	(void)0
#define __cond_lock(x, c)	(c)
#define __chk_user_ptr(x)	(void)0
#define __chk_io_ptr(x)	(void)0
#define ACCESS_PRIVATE(p, member)	((p)->member)

#define asmlinkage
#define fastcall
#define notrace		__attribute__((__no_instrument_function__))
#define noinstr		noinline notrace
#define __always_inline	inline __attribute__((__always_inline__))
#define noinline	__attribute__((__noinline__))
#define noinline_for_stack	noinline
#define __must_check	__attribute__((__warn_unused_result__))
#define __maybe_unused	__attribute__((__unused__))
#define __always_unused	__attribute__((__unused__))
#define __attribute_used__	__attribute__((__used__))
#define __used		__attribute__((__used__))
#define __always_used	__used __maybe_unused
#define __deprecated	__attribute__((__deprecated__))
#define __packed	__attribute__((__packed__))
#define __aligned(x)	__attribute__((__aligned__(x)))
#define __aligned_largest	__attribute__((__aligned__))
#define __section(x)	__attribute__((__section__(x)))
#define __alias(symbol)	__attribute__((__alias__(#symbol)))
#define __weak		__attribute__((__weak__))
#define __pure		__attribute__((__pure__))
#define __attribute_pure__	__pure
#define __attribute_const__	__attribute__((__const__))
#define __cold		__attribute__((__cold__))
#define __hot		__attribute__((__hot__))
#define __visible	__attribute__((__externally_visible__))
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))
#define __scanf(a, b)	__attribute__((__format__(scanf, a, b)))
#define __noreturn	__attribute__((__noreturn__))
#define __mode(x)	__attribute__((__mode__(x)))
#define __cleanup(f)	__attribute__((__cleanup__(f)))
#define __flatten	__attribute__((__flatten__))
#define __gnu_inline	__attribute__((__gnu_inline__))
#define __designated_init	__attribute__((__designated_init__))
#define __nonstring	__attribute__((__nonstring__))
#define __no_sanitize_address	__attribute__((__no_sanitize_address__))
#define __no_kasan_or_inline	__no_sanitize_address __maybe_unused
#define __assume_aligned(a, ...)	__attribute__((__assume_aligned__(a, ##__VA_ARGS__)))
#define fallthrough	__attribute__((__fallthrough__))
#define __malloc
#define __alloc_size(...)
#define __realloc_size(...)
#define __counted_by(member)
#define __counted_by_le(member)
#define __counted_by_be(member)
#define __randomize_layout
#define __no_randomize_layout
#define randomized_struct_fields_start
#define randomized_struct_fields_end
#define __read_mostly
#define __ro_after_init
#define __latent_entropy
#define __noendbr
#define __init_or_module
#define __no_kcsan
#define __no_sanitize_coverage

#define barrier()	__asm__ __volatile__("" : : : "memory")
#define barrier_data(ptr)	__asm__ __volatile__("" : : "r"(ptr) : "memory")
#define unreachable()	__builtin_unreachable()
#define OPTIMIZER_HIDE_VAR(var)	__asm__("" : "=r"(var) : "0"(var))
#define RELOC_HIDE(ptr, off) ({						\
	unsigned long __hidden = (unsigned long)(ptr);			\
	OPTIMIZER_HIDE_VAR(__hidden);					\
	(__typeof__(ptr))(__hidden + (off)); })

/* one access, neither split nor repeated by the compiler */
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val)	do { *(volatile __typeof__(x) *)&(x) = (val); } while (0)
#define ACCESS_ONCE(x)	(*(volatile __typeof__(x) *)&(x))
#define __READ_ONCE(x)	READ_ONCE(x)
#define __WRITE_ONCE(x, val)	WRITE_ONCE(x, val)
#define READ_ONCE_NOCHECK(x)	READ_ONCE(x)
#define data_race(expr)	(expr)

#define __same_type(a, b)	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define __is_constexpr(x)	\
	(sizeof(int) == sizeof(*(8 ? ((void *)((long)(x) * 0l)) : (int *)8)))
#define is_signed_type(type)	(((type)(-1)) < (__force type)1)
#define is_unsigned_type(type)	(!is_signed_type(type))
#define __must_be_array(a)	BUILD_BUG_ON_ZERO(__same_type((a), &(a)[0]))
#define statically_true(x)	(__builtin_constant_p(x) && (x))

#define __kmem_pragma(text)	_Pragma(#text)
#define __diag_push()	__kmem_pragma(GCC diagnostic push)
#define __diag_pop()	__kmem_pragma(GCC diagnostic pop)
#define __diag_ignore_all(option, comment)	__kmem_pragma(GCC diagnostic ignored option)
#define __diag_ignore(compiler, version, option, comment)	__diag_ignore_all(option, comment)

#define ___PASTE(a, b)	a##b
#define __PASTE(a, b)	___PASTE(a, b)
#define __UNIQUE_ID(prefix)	__PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)

#define compiletime_assert(condition, msg)	\
	__compiletime_check(condition, msg, __PASTE(__compiletime_assert_, __COUNTER__))
#define __compiletime_check(condition, msg, name) do {			\
	extern void name(void) __attribute__((__error__(msg)));		\
	if (!(condition))						\
		name();							\
} while (0)
#define __compiletime_error(msg)	__attribute__((__error__(msg)))
#define __compiletime_warning(msg)	__attribute__((__warning__(msg)))
#define __compiletime_object_size(obj)	__builtin_object_size(obj, 0)
#define __struct_size(p)	__builtin_object_size(p, 0)
#define __member_size(p)	__builtin_object_size(p, 1)
