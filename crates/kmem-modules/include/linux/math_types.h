/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/math.h. */
#pragma once
#include <linux/math.h>
