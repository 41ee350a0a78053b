/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Registers of an interrupted task, by name only. */
#pragma once
#include <linux/types.h>

struct pt_regs;
