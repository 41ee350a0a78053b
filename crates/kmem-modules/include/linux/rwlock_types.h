/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/spinlock_types.h. */
#pragma once
#include <linux/spinlock_types.h>
