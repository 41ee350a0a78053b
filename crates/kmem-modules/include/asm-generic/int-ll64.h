/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The integer types with a size, generic name. */
#pragma once
#include <asm/types.h>
