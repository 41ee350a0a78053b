/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sorting: arrays as a heap, lists by merging; and the search in a sorted array. */
#include <linux/bsearch.h>
#include <linux/list.h>
#include <linux/list_sort.h>
#include <linux/sort.h>

static void swap_bytes(char *a, char *b, size_t n)
{
	while (n--) {
		char held = *a;

		*a++ = *b;
		*b++ = held;
	}
}

struct order {
	cmp_r_func_t cmp;
	swap_r_func_t exchange;
	const void *priv;
	size_t size;
};

static void exchange(const struct order *o, char *a, char *b)
{
	if (o->exchange)
		o->exchange(a, b, o->size, o->priv);
	else
		swap_bytes(a, b, o->size);
}

/* lets the element at `at` sink until no child is above it */
static void sink(const struct order *o, char *base, size_t at, size_t num)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= num)
			return;
		if (child + 1 < num &&
		    o->cmp(base + child * o->size, base + (child + 1) * o->size, o->priv) < 0)
			child++;
		if (o->cmp(base + at * o->size, base + child * o->size, o->priv) >= 0)
			return;
		exchange(o, base + at * o->size, base + child * o->size);
		at = child;
	}
}

void sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp, swap_r_func_t swap,
	    const void *priv)
{
	struct order o = { .cmp = cmp, .exchange = swap, .priv = priv, .size = size };
	size_t i;

	for (i = num / 2; i-- > 0;)
		sink(&o, base, i, num);
	for (i = num; i-- > 1;) {
		exchange(&o, base, (char *)base + i * size);
		sink(&o, base, 0, i);
	}
}

struct plain {
	int (*cmp)(const void *, const void *);
	void (*exchange)(void *, void *, int);
};

static int plain_cmp(const void *a, const void *b, const void *priv)
{
	return ((const struct plain *)priv)->cmp(a, b);
}

static void plain_swap(void *a, void *b, int size, const void *priv)
{
	((const struct plain *)priv)->exchange(a, b, size);
}

void sort(void *base, size_t num, size_t size, int (*cmp)(const void *, const void *),
	  void (*swap)(void *, void *, int))
{
	struct plain plain = { .cmp = cmp, .exchange = swap };

	sort_r(base, num, size, plain_cmp, swap ? plain_swap : NULL, &plain);
}

void *bsearch(const void *key, const void *base, size_t num, size_t size, cmp_func_t cmp)
{
	while (num) {
		const char *middle = (const char *)base + num / 2 * size;
		int result = cmp(key, middle);

		if (!result)
			return (void *)middle;
		if (result > 0) {
			base = middle + size;
			num--;
		}
		num /= 2;
	}
	return NULL;
}

/* two chains, linked by next alone, into one */
static struct list_head *merge(void *priv, list_cmp_func_t cmp,
			       struct list_head *a, struct list_head *b)
{
	struct list_head *head, **tail = &head;

	while (a && b) {
		struct list_head **first = cmp(priv, a, b) <= 0 ? &a : &b;

		*tail = *first;
		tail = &(*first)->next;
		*first = *tail;
	}
	*tail = a ? a : b;
	return head;
}

/* sorted[n] is a chain of 2^n entries that were there before those of sorted[n - 1] */
void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp)
{
	struct list_head *sorted[32] = { NULL }, *rest, *chain;
	int n;

	if (list_empty(head))
		return;
	head->prev->next = NULL;
	for (rest = head->next; rest;) {
		chain = rest;
		rest = rest->next;
		chain->next = NULL;
		for (n = 0; n < 31 && sorted[n]; n++) {
			chain = merge(priv, cmp, sorted[n], chain);
			sorted[n] = NULL;
		}
		sorted[n] = sorted[n] ? merge(priv, cmp, sorted[n], chain) : chain;
	}
	chain = NULL;
	for (n = 0; n < 32; n++)
		if (sorted[n])
			chain = chain ? merge(priv, cmp, sorted[n], chain) : sorted[n];
	INIT_LIST_HEAD(head);
	while (chain) {
		rest = chain->next;
		list_add_tail(chain, head);
		chain = rest;
	}
}
