/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/ptrace.h. */
#pragma once
#include <linux/ptrace.h>
