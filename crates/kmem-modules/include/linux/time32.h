/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/time.h. */
#pragma once
#include <linux/time.h>
