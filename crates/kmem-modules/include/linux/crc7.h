/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checksums of 7 bits, in the upper bits of a byte. */
#pragma once
#include <linux/types.h>

u8 crc7_be(u8 crc, const u8 *buffer, size_t len);
