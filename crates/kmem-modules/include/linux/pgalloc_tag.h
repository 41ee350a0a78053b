/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/types.h. */
#pragma once
#include <linux/types.h>
