/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interrupts. */
#pragma once
#include <linux/interrupt.h>
