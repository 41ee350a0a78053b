/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counts of memory by the line that asked for it: not kept here, the ledger knows every line. */
#pragma once
#include <linux/types.h>

struct alloc_tag;

#define alloc_hooks(call)	(call)
#define alloc_hooks_tag(tag, call)	(call)
#define alloc_tag_record(p)	do { } while (0)
#define DEFINE_ALLOC_TAG(tag)
