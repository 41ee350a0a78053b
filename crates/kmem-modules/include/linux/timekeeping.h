/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time. */
#pragma once
#include <linux/ktime.h>
