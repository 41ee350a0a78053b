/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Page protection. */
#pragma once
#include <linux/pgtable.h>
