/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tasks. */
#pragma once
#include <linux/sched.h>
