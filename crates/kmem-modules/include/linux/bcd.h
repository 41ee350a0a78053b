/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Decimal digits in half bytes. */
#pragma once

#define bcd2bin(x)	((unsigned int)((x) & 0x0f) + ((x) >> 4) * 10)
#define bin2bcd(x)	((unsigned char)((((x) / 10) << 4) + (x) % 10))
#define bcd_is_valid(x)	(((x) & 0x0f) < 10 && ((x) >> 4) < 10)
#define BCD2BIN(val)	bcd2bin(val)
#define BIN2BCD(val)	bin2bcd(val)
