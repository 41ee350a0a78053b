/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interrupts off and on. */
#pragma once
#include <linux/irqflags.h>
