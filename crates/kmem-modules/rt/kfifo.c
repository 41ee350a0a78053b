/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rings: positions only grow, their low bits are the place. */
#if KMEM_ERA >= 60
#include <linux/kfifo.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

int kmem_kfifo_init(struct __kfifo *fifo, void *buffer, unsigned int size, size_t esize)
{
	size /= esize;
	*fifo = (struct __kfifo){ .esize = esize, .data = buffer };
	if (size < 2)
		return -EINVAL;
	fifo->mask = rounddown_pow_of_two(size) - 1;
	return 0;
}

int kmem_kfifo_alloc(struct __kfifo *fifo, unsigned int size, size_t esize, gfp_t gfp)
{
	*fifo = (struct __kfifo){ .esize = esize };
	if (size < 2)
		return -EINVAL;
	size = roundup_pow_of_two(size);
	fifo->data = kmalloc_array(size, esize, gfp);
	if (!fifo->data)
		return -ENOMEM;
	fifo->mask = size - 1;
	return 0;
}

void kmem_kfifo_free(struct __kfifo *fifo)
{
	kfree(fifo->data);
	*fifo = (struct __kfifo){ .esize = fifo->esize };
}

/* the bytes from an element's place on, and how many of n elements lie there before the ring starts anew */
static void *piece(struct __kfifo *fifo, unsigned int at, unsigned int n, unsigned int *here)
{
	unsigned int place = at & fifo->mask;

	*here = min(n, fifo->mask + 1 - place);
	return (char *)fifo->data + place * fifo->esize;
}

static unsigned int used(const struct __kfifo *fifo)
{
	return fifo->in - fifo->out;
}

static unsigned int room(const struct __kfifo *fifo)
{
	return fifo->mask + 1 - used(fifo);
}

unsigned int kmem_kfifo_in(struct __kfifo *fifo, const void *from, unsigned int n)
{
	unsigned int here;
	void *place;

	n = min(n, room(fifo));
	place = piece(fifo, fifo->in, n, &here);
	memcpy(place, from, here * fifo->esize);
	memcpy(fifo->data, (const char *)from + here * fifo->esize, (n - here) * fifo->esize);
	fifo->in += n;
	return n;
}

unsigned int kmem_kfifo_peek(struct __kfifo *fifo, void *to, unsigned int n)
{
	unsigned int here;
	void *place;

	n = min(n, used(fifo));
	place = piece(fifo, fifo->out, n, &here);
	memcpy(to, place, here * fifo->esize);
	memcpy((char *)to + here * fifo->esize, fifo->data, (n - here) * fifo->esize);
	return n;
}

unsigned int kmem_kfifo_out(struct __kfifo *fifo, void *to, unsigned int n)
{
	n = kmem_kfifo_peek(fifo, to, n);
	fifo->out += n;
	return n;
}

/* whole elements only; what cannot be copied ends it */
int kmem_kfifo_from_user(struct __kfifo *fifo, const void __user *from, unsigned long len,
			 unsigned int *copied)
{
	unsigned int n = min_t(unsigned long, len / fifo->esize, room(fifo)), here, done = 0;

	while (done < n) {
		void *place = piece(fifo, fifo->in, n - done, &here);

		if (copy_from_user(place, (const char __user *)from + done * fifo->esize,
				   here * fifo->esize))
			break;
		fifo->in += here;
		done += here;
	}
	*copied = done * fifo->esize;
	return done < n ? -EFAULT : 0;
}

int kmem_kfifo_to_user(struct __kfifo *fifo, void __user *to, unsigned long len,
		       unsigned int *copied)
{
	unsigned int n = min_t(unsigned long, len / fifo->esize, used(fifo)), here, done = 0;

	while (done < n) {
		void *place = piece(fifo, fifo->out, n - done, &here);

		if (copy_to_user((char __user *)to + done * fifo->esize, place, here * fifo->esize))
			break;
		fifo->out += here;
		done += here;
	}
	*copied = done * fifo->esize;
	return done < n ? -EFAULT : 0;
}
#endif
