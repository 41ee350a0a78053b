/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Finds an element of a sorted array. */
#pragma once
#include <linux/types.h>

void *bsearch(const void *key, const void *base, size_t num, size_t size, cmp_func_t cmp);
