/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/atomic.h. */
#pragma once
#include <linux/atomic.h>
