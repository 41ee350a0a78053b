/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/linkage.h. */
#pragma once
#include <linux/linkage.h>
