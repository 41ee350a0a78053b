/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/mman.h. */
#pragma once
#include <linux/mman.h>
