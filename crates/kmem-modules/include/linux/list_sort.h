/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sorts a list; equal ones keep their order. */
#pragma once
#include <linux/types.h>

typedef int __attribute__((__nonnull__(2, 3))) (*list_cmp_func_t)(void *priv,
		const struct list_head *a, const struct list_head *b);
__attribute__((__nonnull__(2, 3)))
void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp);
