/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes in hexadecimal: digits, numbers, dumps. */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/unaligned.h>

const char hex_asc[] = "0123456789abcdef";
const char hex_asc_upper[] = "0123456789ABCDEF";

int hex_to_bin(unsigned char ch)
{
	if (isdigit(ch))
		return ch - '0';
	ch = tolower(ch);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

int hex2bin(u8 *dst, const char *src, size_t count)
{
	while (count--) {
		int hi = hex_to_bin(*src++), lo;

		if (hi < 0)
			return -EINVAL;
		lo = hex_to_bin(*src++);
		if (lo < 0)
			return -EINVAL;
		*dst++ = hi << 4 | lo;
	}
	return 0;
}

char *bin2hex(char *dst, const void *src, size_t count)
{
	const u8 *p = src;

	while (count--)
		dst = hex_byte_pack(dst, *p++);
	return dst;
}

#if KMEM_ERA >= 60

static unsigned long long group_at(const u8 *p, int size)
{
	switch (size) {
	case 8: return get_unaligned((const u64 *)p);
	case 4: return get_unaligned((const u32 *)p);
	case 2: return get_unaligned((const u16 *)p);
	default: return *p;
	}
}

/* one row: groups of 1, 2, 4 or 8 bytes, then perhaps the characters; the length it takes, as snprintf says it */
int hex_dump_to_buffer(const void *buf, size_t len, int rowsize, int groupsize,
		       char *linebuf, size_t linebuflen, bool ascii)
{
	const u8 *p = buf;
	int groups, text_column, i, at = 0;

	if (rowsize != 16 && rowsize != 32)
		rowsize = 16;
	if (len > rowsize)
		len = rowsize;
	if (!is_power_of_2(groupsize) || groupsize > 8 || len % groupsize)
		groupsize = 1;
	groups = len / groupsize;
	text_column = rowsize * 2 + rowsize / groupsize + 1;

	if (!len) {
		if (linebuflen)
			linebuf[0] = '\0';
		return 0;
	}
	for (i = 0; i < groups; i++)
		at += snprintf(linebuf + min_t(size_t, at, linebuflen),
			       linebuflen - min_t(size_t, at, linebuflen), "%s%0*llx",
			       i ? " " : "", groupsize * 2, group_at(p + i * groupsize, groupsize));
	if (!ascii)
		return at;
	for (; at < text_column; at++)
		if (at + 1 < (int)linebuflen)
			linebuf[at] = ' ';
	for (i = 0; i < (int)len; i++, at++)
		if (at + 1 < (int)linebuflen)
			linebuf[at] = isascii(p[i]) && isprint(p[i]) ? p[i] : '.';
	if (linebuflen)
		linebuf[min_t(size_t, at, linebuflen - 1)] = '\0';
	return at;
}

void print_hex_dump(const char *level, const char *prefix_str, int prefix_type, int rowsize,
		    int groupsize, const void *buf, size_t len, bool ascii)
{
	const u8 *p = buf;
	char text[32 * 3 + 2 + 32 + 1];
	size_t i;

	if (rowsize != 16 && rowsize != 32)
		rowsize = 16;
	for (i = 0; i < len; i += rowsize) {
		hex_dump_to_buffer(p + i, min_t(size_t, len - i, rowsize), rowsize, groupsize,
				   text, sizeof(text), ascii);
		if (prefix_type == DUMP_PREFIX_ADDRESS)
			printk("%s%s%p: %s\n", level, prefix_str, p + i, text);
		else if (prefix_type == DUMP_PREFIX_OFFSET)
			printk("%s%s%.8x: %s\n", level, prefix_str, (unsigned int)i, text);
		else
			printk("%s%s%s\n", level, prefix_str, text);
	}
}

void print_hex_dump_bytes(const char *prefix_str, int prefix_type, const void *buf, size_t len)
{
	print_hex_dump(KERN_DEBUG, prefix_str, prefix_type, 16, 1, buf, len, true);
}

#endif
