/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Swapping: there is no swap space. */
#pragma once
#include <linux/mm.h>

#define total_swap_pages	0L
#define get_nr_swap_pages()	0L
