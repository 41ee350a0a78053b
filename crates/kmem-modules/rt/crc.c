/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checksums: a byte at a time, a bit at a time, by the polynomial. */
#include <linux/crc16.h>
#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/crc32poly.h>
#include <linux/crc7.h>
#include <linux/crc8.h>
#include <linux/crc-ccitt.h>
#include <linux/crc-itu-t.h>

/* the lowest bit first, with the polynomial's bits in that order */
static u32 crc_low(u32 crc, const u8 *p, size_t len, u32 polynomial)
{
	int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
	}
	return crc;
}

/* the highest bit first, of a checksum in the upper bits of 32 */
static u32 crc_high(u32 crc, const u8 *p, size_t len, u32 polynomial)
{
	int bit;

	while (len--) {
		crc ^= (u32)*p++ << 24;
		for (bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x80000000 ? polynomial : 0);
	}
	return crc;
}

u32 crc32_le(u32 crc, const unsigned char *p, size_t len)
{
	return crc_low(crc, p, len, CRC32_POLY_LE);
}

u32 crc32_be(u32 crc, const unsigned char *p, size_t len)
{
	return crc_high(crc, p, len, CRC32_POLY_BE);
}

u32 __crc32c_le(u32 crc, const unsigned char *p, size_t len)
{
	return crc_low(crc, p, len, CRC32C_POLY_LE);
}

u32 crc32c(u32 crc, const void *address, unsigned int length)
{
	return crc_low(crc, address, length, CRC32C_POLY_LE);
}

u16 crc16(u16 crc, const u8 *buffer, size_t len)
{
	return crc_low(crc, buffer, len, 0xa001);
}

u16 crc_ccitt(u16 crc, const u8 *buffer, size_t len)
{
	return crc_low(crc, buffer, len, 0x8408);
}

u16 crc_itu_t(u16 crc, const u8 *buffer, size_t len)
{
	return crc_high((u32)crc << 16, buffer, len, 0x10210000) >> 16;
}

u8 crc7_be(u8 crc, const u8 *buffer, size_t len)
{
	return crc_high((u32)crc << 24, buffer, len, 0x12000000) >> 24;
}

/* the entry of a byte is the checksum of it alone */
void crc8_populate_lsb(u8 table[256], u8 polynomial)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		u8 byte = i;

		table[i] = crc_low(0, &byte, 1, polynomial);
	}
}

void crc8_populate_msb(u8 table[256], u8 polynomial)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		u8 byte = i;

		table[i] = crc_high(0, &byte, 1, (u32)polynomial << 24) >> 24;
	}
}

u8 crc8(const u8 table[256], const u8 *data, size_t n, u8 crc)
{
	while (n--)
		crc = table[crc ^ *data++];
	return crc;
}
