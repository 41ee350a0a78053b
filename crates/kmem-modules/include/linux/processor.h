/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a busy loop says to the CPU. */
#pragma once
#include <asm/processor.h>
