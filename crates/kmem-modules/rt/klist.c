/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists whose entries are counted: one that is taken away stays linked, but is passed over, until the last walker left it. */
#include <linux/klist.h>
#include "rt.h"

#define DEAD	1UL

static struct klist *list_of(struct klist_node *n)
{
	return (struct klist *)((unsigned long)n->n_klist & ~DEAD);
}

static int is_dead(struct klist_node *n)
{
	return (unsigned long)n->n_klist & DEAD;
}

void klist_init(struct klist *k, void (*get)(struct klist_node *), void (*put)(struct klist_node *))
{
	INIT_LIST_HEAD(&k->k_list);
	spin_lock_init(&k->k_lock);
	k->get = get;
	k->put = put;
}

static void enter(struct klist_node *n, struct klist *k, struct list_head *behind)
{
	n->n_klist = k;
	kref_init(&n->n_ref);
	if (k->get)
		k->get(n);
	list_add(&n->n_node, behind);
}

void klist_add_head(struct klist_node *n, struct klist *k)
{
	enter(n, k, &k->k_list);
}

void klist_add_tail(struct klist_node *n, struct klist *k)
{
	enter(n, k, k->k_list.prev);
}

void klist_add_behind(struct klist_node *n, struct klist_node *pos)
{
	enter(n, list_of(pos), &pos->n_node);
}

void klist_add_before(struct klist_node *n, struct klist_node *pos)
{
	enter(n, list_of(pos), pos->n_node.prev);
}

static void leave(struct kref *kref)
{
	struct klist_node *n = container_of(kref, struct klist_node, n_ref);

	list_del(&n->n_node);
	n->n_klist = NULL;
}

static void let_go(struct klist_node *n, int kill)
{
	struct klist *k = list_of(n);

	if (kill)
		n->n_klist = (void *)((unsigned long)n->n_klist | DEAD);
	if (kref_put(&n->n_ref, leave) && k->put)
		k->put(n);
}

void klist_del(struct klist_node *n)
{
	let_go(n, 1);
}

void klist_remove(struct klist_node *n)
{
	klist_del(n);
	if (klist_node_attached(n))
		kmem_host_stuck("klist_remove: somebody still walks over this entry");
}

int klist_node_attached(struct klist_node *n)
{
	return n->n_klist != NULL;
}

void klist_iter_init_node(struct klist *k, struct klist_iter *i, struct klist_node *n)
{
	i->i_klist = k;
	i->i_cur = n;
	if (n)
		kref_get(&n->n_ref);
}

void klist_iter_init(struct klist *k, struct klist_iter *i)
{
	klist_iter_init_node(k, i, NULL);
}

void klist_iter_exit(struct klist_iter *i)
{
	if (i->i_cur)
		let_go(i->i_cur, 0);
	i->i_cur = NULL;
}

static struct klist_node *walk(struct klist_iter *i, int back)
{
	struct list_head *head = &i->i_klist->k_list;
	struct list_head *at = i->i_cur ? &i->i_cur->n_node : head;
	struct klist_node *last = i->i_cur;

	i->i_cur = NULL;
	for (at = back ? at->prev : at->next; at != head; at = back ? at->prev : at->next) {
		struct klist_node *n = list_entry(at, struct klist_node, n_node);

		if (!is_dead(n)) {
			kref_get(&n->n_ref);
			i->i_cur = n;
			break;
		}
	}
	if (last)
		let_go(last, 0);
	return i->i_cur;
}

struct klist_node *klist_next(struct klist_iter *i)
{
	return walk(i, 0);
}

struct klist_node *klist_prev(struct klist_iter *i)
{
	return walk(i, 1);
}
