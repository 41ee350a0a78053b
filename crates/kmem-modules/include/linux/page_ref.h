/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* References to pages. */
#pragma once
#include <linux/mm.h>

#define page_ref_count(page)	page_count(page)
#define page_ref_inc(page)	get_page(page)
