/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/stat.h. */
#pragma once
#include <linux/stat.h>
