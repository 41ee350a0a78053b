/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of asm/barrier.h. */
#pragma once
#include <asm/barrier.h>
