/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of asm/div64.h. */
#pragma once
#include <asm/div64.h>
