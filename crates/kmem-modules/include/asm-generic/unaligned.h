/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/unaligned.h. */
#pragma once
#include <linux/unaligned.h>
