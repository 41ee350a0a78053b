/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checksums of 8 bits with a table of the caller's. */
#pragma once
#include <linux/types.h>

#define CRC8_INIT_VALUE		0xff
#define CRC8_GOOD_VALUE(table)	(table[0xff])
#define CRC8_TABLE_SIZE		256
#define DECLARE_CRC8_TABLE(table)	static u8 table[CRC8_TABLE_SIZE]

void crc8_populate_lsb(u8 table[CRC8_TABLE_SIZE], u8 polynomial);
void crc8_populate_msb(u8 table[CRC8_TABLE_SIZE], u8 polynomial);
u8 crc8(const u8 table[CRC8_TABLE_SIZE], const u8 *data, size_t n, u8 crc);
