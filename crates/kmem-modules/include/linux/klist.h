/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists whose entries are counted, so that a walk may go on while one is taken away. */
#pragma once
#include <linux/spinlock.h>
#include <linux/kref.h>
#include <linux/list.h>

struct klist_node;

struct klist {
	spinlock_t k_lock;
	struct list_head k_list;
	void (*get)(struct klist_node *);
	void (*put)(struct klist_node *);
} __aligned(sizeof(void *));

/* n_klist: the list, and in its lowest bit whether the entry is to go */
struct klist_node {
	void *n_klist;
	struct list_head n_node;
	struct kref n_ref;
};

struct klist_iter {
	struct klist *i_klist;
	struct klist_node *i_cur;
};

#define KLIST_INIT(name, get_fn, put_fn)	\
	{ .k_list = LIST_HEAD_INIT((name).k_list), .get = (get_fn), .put = (put_fn) }
#define DEFINE_KLIST(name, get_fn, put_fn)	\
	struct klist name = KLIST_INIT(name, get_fn, put_fn)

void klist_init(struct klist *k, void (*get)(struct klist_node *), void (*put)(struct klist_node *));
void klist_add_tail(struct klist_node *n, struct klist *k);
void klist_add_head(struct klist_node *n, struct klist *k);
void klist_add_behind(struct klist_node *n, struct klist_node *pos);
void klist_add_before(struct klist_node *n, struct klist_node *pos);
void klist_del(struct klist_node *n);
void klist_remove(struct klist_node *n);
int klist_node_attached(struct klist_node *n);
void klist_iter_init(struct klist *k, struct klist_iter *i);
void klist_iter_init_node(struct klist *k, struct klist_iter *i, struct klist_node *n);
void klist_iter_exit(struct klist_iter *i);
struct klist_node *klist_next(struct klist_iter *i);
struct klist_node *klist_prev(struct klist_iter *i);
