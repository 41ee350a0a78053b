/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tasks and their memory. */
#pragma once
#include <linux/sched.h>
#include <linux/mm_types.h>
