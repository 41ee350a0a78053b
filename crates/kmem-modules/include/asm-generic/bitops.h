/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/bitops.h. */
#pragma once
#include <linux/bitops.h>
