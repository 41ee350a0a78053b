/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Castagnoli's checksum. */
#pragma once
#include <linux/crc32.h>

u32 crc32c(u32 crc, const void *address, unsigned int length);
