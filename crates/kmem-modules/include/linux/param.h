/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ticks in a second. */
#pragma once
#include <asm/param.h>
