/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Page protection and the limits of the vmalloc area. */
#pragma once
#include <linux/pgtable.h>
