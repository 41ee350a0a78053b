/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What code compiled with -fsanitize=kernel-address calls besides the reports: ranges, and the stack's own poison.
 * A byte of shadow describes eight of memory: 0 all may be touched, 1 to 7 the first so many; 0x80 and the following that all may
 * be touched and which of them were never written; else none.  (src/kasan/shadow.rs)
 */
#include <linux/types.h>
#include "kasan.h"

#ifdef KMEM_KASAN

#define GRANULE	8UL
#define ALLOCA_ZONE	32UL
#define SCOPE	0xf8
#define ALLOCA_LEFT	0xca
#define ALLOCA_RIGHT	0xcb

static inline signed char *shadow_of(unsigned long addr)
{
	return (signed char *)((addr >> 3) + KMEM_KASAN_OFFSET);
}

static void set_shadow(unsigned long addr, unsigned long bytes, int value)
{
	/* one by one: the compiler would call memset(), which has its range checked here */
	volatile signed char *s = shadow_of(addr), *end = s + (bytes >> 3);

	while (s < end)
		*s++ = value;
}

/* allows a range that begins with a granule; its last one may be allowed in part */
static void allow(unsigned long addr, unsigned long bytes)
{
	set_shadow(addr, bytes, 0);
	if (bytes % GRANULE)
		*shadow_of(addr + bytes) = bytes % GRANULE;
}

/* whether all of a range may be touched */
static int is_allowed(unsigned long addr, unsigned long bytes)
{
	signed char *s = shadow_of(addr), *last = shadow_of(addr + bytes - 1);

	if (addr + bytes < addr)
		return 0;
	while (s < last && ((unsigned long)s & 3))
		if (*s++)
			return 0;
	while (last - s >= 4) {
		if (*(u32 __attribute__((may_alias)) *)s)
			return 0;
		s += 4;
	}
	while (s < last)
		if (*s++)
			return 0;
	return !*last || (signed char)((addr + bytes - 1) & (GRANULE - 1)) < *last;
}

/* what is called at each access or comparison; call chains go through it */
#define HOT	__attribute__((optimize("O2", "no-omit-frame-pointer", "no-optimize-sibling-calls")))

/*
 * Which bytes each state from UNWRITTEN on says are written, a bit each, and the state of each set of bytes: a run of them, or
 * all but a run.  The numbers are the host's.
 */
#define UNWRITTEN	0x80
#define STATES	57
static u8 written[STATES], state_of[256];

static int bits_of(unsigned int mask)
{
	int bits = 0;

	for (; mask; mask &= mask - 1)
		bits++;
	return bits;
}

void kmem_kasan_init(void)
{
	unsigned int first, end, mask, state, run, count = 1;

	for (first = 0; first < GRANULE; first++)
		for (end = first + 1; end <= GRANULE; end++) {
			run = (1u << end) - (1u << first);
			if (run != 0xff)
				written[count++] = run;
			if (first > 0 && end < GRANULE)
				written[count++] = ~run;
		}
	for (mask = 0; mask < 256; mask++) {
		int least = 9;

		for (state = 0; mask != 0xff && state < STATES; state++)
			if ((written[state] & mask) == mask && bits_of(written[state]) < least) {
				least = bits_of(written[state]);
				state_of[mask] = UNWRITTEN + state;
			}
	}
}

/* notes the first writes of fresh memory, which come one by one; 0 where there is more to say */
static HOT __always_inline int note_write(unsigned long addr, unsigned long bytes)
{
	while (bytes) {
		u8 *shadow = (u8 *)shadow_of(addr), now = *shadow;
		unsigned int from = addr % GRANULE, len = GRANULE - from < bytes ? GRANULE - from : bytes;

		if (now >= UNWRITTEN && now < UNWRITTEN + STATES)
			*shadow = state_of[written[now - UNWRITTEN] | ((1u << (from + len)) - (1u << from))];
		else if (now)
			return 0;
		addr += len;
		bytes -= len;
	}
	return 1;
}

#define STORES(size)							\
	void __asan_report_store##size##_noabort(unsigned long addr);	\
	HOT void __asan_report_store##size##_noabort(unsigned long addr)	\
	{ if (!note_write(addr, size)) kmem_host_kasan_store(addr, size); }
STORES(1)
STORES(2)
STORES(4)
STORES(8)
STORES(16)

void __asan_report_store_n_noabort(unsigned long addr, size_t size)
{
	if (addr + size < addr || !note_write(addr, size))
		kmem_host_kasan_store(addr, size);
}

/* the host names the fault, unless it knows better than the shadow */
void __asan_loadN_noabort(unsigned long addr, size_t size)
{
	if (size && !is_allowed(addr, size))
		__asan_report_load_n_noabort(addr, size);
}

void __asan_storeN_noabort(unsigned long addr, size_t size)
{
	if (size && !is_allowed(addr, size))
		__asan_report_store_n_noabort(addr, size);
}

/* by name for the sizes that have one, where the compiler does not check in line */
#define BY_SIZE(size)							\
	void __asan_load##size##_noabort(unsigned long addr);		\
	void __asan_load##size##_noabort(unsigned long addr)		\
	{ __asan_loadN_noabort(addr, size); }				\
	void __asan_store##size##_noabort(unsigned long addr);		\
	void __asan_store##size##_noabort(unsigned long addr)		\
	{ __asan_storeN_noabort(addr, size); }
BY_SIZE(1)
BY_SIZE(2)
BY_SIZE(4)
BY_SIZE(8)
BY_SIZE(16)

/* a large variable leaves its block, or comes into it */
void __asan_poison_stack_memory(unsigned long addr, size_t size)
{
	set_shadow(addr, (size + GRANULE - 1) & ~(GRANULE - 1), SCOPE);
}

void __asan_unpoison_stack_memory(unsigned long addr, size_t size)
{
	allow(addr, size);
}

/* clang's way to write many equal bytes */
#define SET_SHADOW(name, value)						\
	void __asan_set_shadow_##name(unsigned long at, size_t size);	\
	void __asan_set_shadow_##name(unsigned long at, size_t size)	\
	{ while (size--) *(volatile signed char *)at++ = (signed char)(value); }
SET_SHADOW(00, 0)
SET_SHADOW(f1, 0xf1)
SET_SHADOW(f2, 0xf2)
SET_SHADOW(f3, 0xf3)
SET_SHADOW(f5, 0xf5)
SET_SHADOW(f8, 0xf8)

/* memory of alloca lies between two zones; the right one ends at a multiple of their size */
void __asan_alloca_poison(unsigned long addr, size_t size)
{
	unsigned long whole = (size + GRANULE - 1) & ~(GRANULE - 1);
	unsigned long padded = (size + ALLOCA_ZONE - 1) & ~(ALLOCA_ZONE - 1);

	allow(addr, size);
	set_shadow(addr - ALLOCA_ZONE, ALLOCA_ZONE, ALLOCA_LEFT);
	set_shadow(addr + whole, ALLOCA_ZONE + padded - whole, ALLOCA_RIGHT);
}

void __asan_allocas_unpoison(unsigned long top, unsigned long bottom)
{
	if (top && top <= bottom)
		set_shadow(top, bottom - top, 0);
}

/*
 * gcc fills variables that are not set (-ftrivial-auto-var-init=pattern), and shows all that is compared
 * (-fsanitize-coverage=trace-cmp): who decides by such a value has not set it on every path.
 */
#define KMEM_UNSET	0xfefefefeU
#define KMEM_UNSET_8	0xfefefefefefefefeULL

void kmem_check_set(unsigned long long value, size_t size, const char *what)
{
	if (size == 8 ? value == KMEM_UNSET_8 : size == 4 && (u32)value == KMEM_UNSET)
		kmem_host_unset(size, what);
}

#define COMPARES(name, type, check)					\
	void __sanitizer_cov_trace_##name(type a, type b);		\
	HOT void __sanitizer_cov_trace_##name(type a, type b) { check }
#define DECIDED	"a decision by a variable"
COMPARES(cmp1, u8, )
COMPARES(cmp2, u16, )
/* of two values that are compared with each other, one may well be of no account: the kernel's own tests do that */
COMPARES(cmp4, u32, )
COMPARES(cmp8, u64, )
COMPARES(const_cmp1, u8, )
COMPARES(const_cmp2, u16, )
COMPARES(const_cmp4, u32, if (b == KMEM_UNSET && a != b) kmem_host_unset(4, DECIDED);)
COMPARES(const_cmp8, u64, if (b == KMEM_UNSET_8 && a != b) kmem_host_unset(8, DECIDED);)

/* cases: how many, the bits of the value, the cases themselves */
void __sanitizer_cov_trace_switch(u64 value, u64 *cases);
void __sanitizer_cov_trace_switch(u64 value, u64 *cases)
{
	kmem_check_set(value, cases[1] / 8, DECIDED);
}

/* nobody asks in which order variables are initialised, and what is gone stays as it is until its memory is another's */
void __asan_before_dynamic_init(const char *name)
{
}

void __asan_after_dynamic_init(void)
{
}

void __asan_unregister_globals(void *globals, size_t n)
{
}

#endif
