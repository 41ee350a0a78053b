/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What an interrupt handler answers. */
#pragma once

typedef int irqreturn_t;
#define IRQ_NONE	0
#define IRQ_HANDLED	1
#define IRQ_WAKE_THREAD	2
#define IRQ_RETVAL(x)	((x) ? IRQ_HANDLED : IRQ_NONE)
