/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The task at hand. */
#pragma once
#include <asm/current.h>
#include <linux/bug.h>
#include <asm/page.h>

#define THREAD_SIZE_ORDER	(sizeof(long) == 8 ? 2 : 1)
#define THREAD_SIZE	(PAGE_SIZE << THREAD_SIZE_ORDER)
#define THREAD_ALIGN	THREAD_SIZE
