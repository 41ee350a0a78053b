/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The width of a machine word, generic name. */
#pragma once
#include <asm/bitsperlong.h>
