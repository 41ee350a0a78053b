/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/kernel.h. */
#pragma once
#include <linux/kernel.h>
