/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/lockdep.h. */
#pragma once
#include <linux/lockdep.h>
