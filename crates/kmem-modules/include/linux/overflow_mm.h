/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sizes of arrays that notice when they do not fit: part of overflow.h where the era has it. */
#pragma once
#if KMEM_ERA >= 60
#include <linux/overflow.h>
#endif
