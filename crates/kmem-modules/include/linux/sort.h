/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sorts an array in place. */
#pragma once
#include <linux/types.h>

void sort(void *base, size_t num, size_t size, int (*cmp)(const void *, const void *),
	  void (*swap)(void *, void *, int));
void sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp, swap_r_func_t swap,
	    const void *priv);
