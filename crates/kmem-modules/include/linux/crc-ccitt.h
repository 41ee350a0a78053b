/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checksums of 16 bits: x^16 + x^12 + x^5 + 1, the lowest bit first. */
#pragma once
#include <linux/types.h>

u16 crc_ccitt(u16 crc, const u8 *buffer, size_t len);
