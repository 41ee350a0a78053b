/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* 2.6's collection: barriers, exchange, interrupts. */
#pragma once
#include <asm/barrier.h>
#include <linux/atomic.h>
#include <linux/irqflags.h>
