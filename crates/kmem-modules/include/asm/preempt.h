/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/preempt.h. */
#pragma once
#include <linux/preempt.h>
