/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rings of elements of one type, whose size is a power of two. */
#pragma once
#if KMEM_ERA < 60
#error linux/kfifo.h came after 2.6.18
#endif
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>

struct __kfifo {
	unsigned int in;
	unsigned int out;
	unsigned int mask;
	unsigned int esize;
	void *data;
};

/* the type is carried by a pointer that is never followed */
#define __KMEM_KFIFO(kind, datatype, size)				\
	kind { union { struct __kfifo kfifo; datatype *type; }; datatype buf[size]; }

__KMEM_KFIFO(struct kfifo, unsigned char, 0);

#define DECLARE_KFIFO(fifo, type, size)	\
	__KMEM_KFIFO(struct, type, ((size) < 2 || (size) & ((size) - 1)) ? -1 : (size)) fifo
#define DECLARE_KFIFO_PTR(fifo, type)	__KMEM_KFIFO(struct, type, 0) fifo
#define STRUCT_KFIFO(type, size)	__KMEM_KFIFO(struct, type, size)
#define STRUCT_KFIFO_PTR(type)	__KMEM_KFIFO(struct, type, 0)
#define DEFINE_KFIFO(fifo, datatype, size)				\
	DECLARE_KFIFO(fifo, datatype, size) = { .kfifo = {		\
		.mask = (size) - 1, .esize = sizeof(datatype), .data = fifo.buf } }
#define INIT_KFIFO(fifo) do {						\
	(fifo).kfifo = (struct __kfifo){				\
		.mask = sizeof((fifo).buf) ? sizeof((fifo).buf) / sizeof((fifo).buf[0]) - 1 : 0, \
		.esize = sizeof((fifo).buf[0]),				\
		.data = sizeof((fifo).buf) ? (fifo).buf : NULL };	\
} while (0)

int kmem_kfifo_alloc(struct __kfifo *fifo, unsigned int size, size_t esize, gfp_t gfp);
void kmem_kfifo_free(struct __kfifo *fifo);
int kmem_kfifo_init(struct __kfifo *fifo, void *buffer, unsigned int size, size_t esize);
unsigned int kmem_kfifo_in(struct __kfifo *fifo, const void *from, unsigned int n);
unsigned int kmem_kfifo_peek(struct __kfifo *fifo, void *to, unsigned int n);
unsigned int kmem_kfifo_out(struct __kfifo *fifo, void *to, unsigned int n);
int kmem_kfifo_from_user(struct __kfifo *fifo, const void __user *from, unsigned long len,
			 unsigned int *copied);
int kmem_kfifo_to_user(struct __kfifo *fifo, void __user *to, unsigned long len,
		       unsigned int *copied);

#define kfifo_alloc(fifo, size, gfp)	\
	kmem_kfifo_alloc(&(fifo)->kfifo, (size), sizeof((fifo)->buf[0]), (gfp))
#define kfifo_init(fifo, buffer, size)	\
	kmem_kfifo_init(&(fifo)->kfifo, (buffer), (size), sizeof((fifo)->buf[0]))
#define kfifo_free(fifo)	kmem_kfifo_free(&(fifo)->kfifo)
#define kfifo_initialized(fifo)	((fifo)->kfifo.mask != 0)
#define kfifo_esize(fifo)	((fifo)->kfifo.esize)
#define kfifo_recsize(fifo)	0
#define kfifo_size(fifo)	((fifo)->kfifo.mask + 1)
#define kfifo_reset(fifo)	((void)((fifo)->kfifo.in = (fifo)->kfifo.out = 0))
#define kfifo_reset_out(fifo)	((void)((fifo)->kfifo.out = (fifo)->kfifo.in))
#define kfifo_len(fifo)		((fifo)->kfifo.in - (fifo)->kfifo.out)
#define kfifo_avail(fifo)	(kfifo_size(fifo) - kfifo_len(fifo))
#define kfifo_is_empty(fifo)	((fifo)->kfifo.in == (fifo)->kfifo.out)
#define kfifo_is_full(fifo)	(kfifo_len(fifo) > (fifo)->kfifo.mask)
#define kfifo_skip(fifo)	((void)(fifo)->kfifo.out++)
#define kfifo_skip_count(fifo, n)	((void)((fifo)->kfifo.out += (n)))
#define kfifo_peek_len(fifo)	(kfifo_is_empty(fifo) ? 0 : kfifo_esize(fifo))

#define kfifo_put(fifo, val) ({						\
	__typeof__(*(fifo)->type) __element = (val);			\
	kmem_kfifo_in(&(fifo)->kfifo, &__element, 1); })
#define kfifo_get(fifo, val) ({						\
	__typeof__((fifo)->type) __to = (val);				\
	kmem_kfifo_out(&(fifo)->kfifo, __to, 1); })
#define kfifo_peek(fifo, val) ({					\
	__typeof__((fifo)->type) __to = (val);				\
	kmem_kfifo_peek(&(fifo)->kfifo, __to, 1); })
#define kfifo_in(fifo, buf, n)	kmem_kfifo_in(&(fifo)->kfifo, (buf), (n))
#define kfifo_out(fifo, buf, n)	kmem_kfifo_out(&(fifo)->kfifo, (buf), (n))
#define kfifo_out_peek(fifo, buf, n)	kmem_kfifo_peek(&(fifo)->kfifo, (buf), (n))
#define kfifo_from_user(fifo, from, len, copied)	\
	kmem_kfifo_from_user(&(fifo)->kfifo, (from), (len), (copied))
#define kfifo_to_user(fifo, to, len, copied)	\
	kmem_kfifo_to_user(&(fifo)->kfifo, (to), (len), (copied))

#define __kmem_kfifo_locked(lock, call) ({				\
	unsigned long __flags;						\
	unsigned int __n;						\
	spin_lock_irqsave(lock, __flags);				\
	__n = (call);							\
	spin_unlock_irqrestore(lock, __flags);				\
	__n; })
#define kfifo_in_spinlocked(fifo, buf, n, lock)	__kmem_kfifo_locked(lock, kfifo_in(fifo, buf, n))
#define kfifo_out_spinlocked(fifo, buf, n, lock)	__kmem_kfifo_locked(lock, kfifo_out(fifo, buf, n))
#define kfifo_in_locked(fifo, buf, n, lock)	kfifo_in_spinlocked(fifo, buf, n, lock)
#define kfifo_out_locked(fifo, buf, n, lock)	kfifo_out_spinlocked(fifo, buf, n, lock)
