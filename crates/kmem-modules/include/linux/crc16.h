/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checksums of 16 bits: x^16 + x^15 + x^2 + 1. */
#pragma once
#include <linux/types.h>

u16 crc16(u16 crc, const u8 *buffer, size_t len);
