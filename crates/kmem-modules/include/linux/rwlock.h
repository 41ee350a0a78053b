/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reader-writer locks. */
#pragma once
#include <linux/spinlock.h>
