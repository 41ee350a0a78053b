/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/sched.h. */
#pragma once
#include <linux/sched.h>
