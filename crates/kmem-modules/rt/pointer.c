/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The extensions of %p: what lies behind a pointer, by the letters that follow. */
#if KMEM_ERA >= 60
#include <linux/bitops.h>
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/find.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/hex.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include "format.h"
#include "rt.h"

bool no_hash_pointers;

/* one address always gives one number, which does not give the address */
static u32 hash_of_pointer(unsigned long p)
{
	u64 h = (u64)p * 0x9e3779b97f4a7c15ull;

	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ull;
	return (u32)(h ^ h >> 32);
}

static void put_hashed_pointer(struct out *o, const void *p, struct spec s)
{
	if (!p || IS_ERR(p) || no_hash_pointers)
		kmem_out_hex(o, kmem_shown_address((unsigned long)p), s);
	else
		kmem_out_hex(o, hash_of_pointer((unsigned long)p), s);
}

static void put_symbol(struct out *o, const void *p, char how, struct spec s)
{
	char name[160];
	int len = kmem_host_symbol((unsigned long)p, name, sizeof(name), how != 's' && how != 'f');

	kmem_out_field(o, name, len, s);
}

/* %pa: an address whose type's size is not an int's; %pad the same for dma_addr_t */
static void put_address(struct out *o, const void *p, char what, struct spec s)
{
	int dma = what == 'd';
	unsigned long long v = dma ? *(const dma_addr_t *)p : *(const phys_addr_t *)p;

	s.base = 16;
	s.prefix = s.zero = 1;
	s.width = 2 + 2 * (dma ? sizeof(dma_addr_t) : sizeof(phys_addr_t));
	kmem_out_number(o, v, s);
}

static void put_hex_bytes(struct out *o, const u8 *p, char how, struct spec s)
{
	char between = how == 'C' ? ':' : how == 'D' ? '-' : how == 'N' ? 0 : ' ';
	int i, n = s.width < 0 ? 1 : s.width > 64 ? 64 : s.width;

	for (i = 0; i < n; i++) {
		if (i && between)
			kmem_out_char(o, between);
		kmem_out_char(o, hex_asc_hi(p[i]));
		kmem_out_char(o, hex_asc_lo(p[i]));
	}
}

/* %*pE: bytes of a string with those escaped that cannot be printed, or those that the letters behind it name */
static void put_escaped(struct out *o, const char *p, const char *how, struct spec s)
{
	char text[4 * 64 + 1];
	unsigned int flags = 0;
	int n = s.width < 0 ? 1 : s.width > 64 ? 64 : s.width;

	for (; isalpha(*how); how++) {
		switch (*how) {
		case 'a': flags |= ESCAPE_ANY; break;
		case 'c': flags |= ESCAPE_SPECIAL; break;
		case 'h': flags |= ESCAPE_HEX; break;
		case 'n': flags |= ESCAPE_NULL; break;
		case 'o': flags |= ESCAPE_OCTAL; break;
		case 'p': flags |= ESCAPE_NP; break;
		case 's': flags |= ESCAPE_SPACE; break;
		}
	}
	n = string_escape_mem(p, n, text, sizeof(text) - 1, flags ?: ESCAPE_ANY_NP, NULL);
	s.width = -1;
	kmem_out_field(o, text, n, s);
}

static void put_decimal(struct out *o, unsigned long v)
{
	kmem_out_number(o, v, (struct spec){ .width = -1, .precision = -1, .base = 10 });
}

/* %*pbl: 0-3,7 */
static void put_bit_list(struct out *o, const unsigned long *map, int nbits)
{
	unsigned long from = 0, to;
	int first = 1;

	while ((from = find_next_bit(map, nbits, from)) < nbits) {
		to = find_next_zero_bit(map, nbits, from);
		if (!first)
			kmem_out_char(o, ',');
		first = 0;
		put_decimal(o, from);
		if (to - from > 1) {
			kmem_out_char(o, '-');
			put_decimal(o, to - 1);
		}
		from = to;
	}
}

/* %*pb: words of 32 bits, the highest first */
static void put_bit_words(struct out *o, const unsigned long *map, int nbits)
{
	int chunk, top = (nbits + 31) / 32;

	for (chunk = top - 1; chunk >= 0; chunk--) {
		int bits = chunk == top - 1 && nbits % 32 ? nbits % 32 : 32;
		u32 v = map[chunk * 32 / BITS_PER_LONG] >> (chunk * 32 % BITS_PER_LONG);

		if (bits < 32)
			v &= (1u << bits) - 1;
		if (chunk != top - 1)
			kmem_out_char(o, ',');
		kmem_out_number(o, v, (struct spec){ .width = (bits + 3) / 4, .precision = -1,
						.base = 16, .zero = 1 });
	}
}

static void put_uuid(struct out *o, const u8 *p, char how)
{
	static const u8 little[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	const char *digits = how == 'B' || how == 'L' ? hex_asc_upper : hex_asc;
	int i;

	for (i = 0; i < 16; i++) {
		u8 byte = p[how == 'l' || how == 'L' ? little[i] : i];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			kmem_out_char(o, '-');
		kmem_out_char(o, digits[byte >> 4]);
		kmem_out_char(o, digits[byte & 15]);
	}
}

static void put_mac(struct out *o, const u8 *p, char kind, char how)
{
	char between = kind == 'm' ? 0 : how == 'F' ? '-' : ':';
	int i;

	for (i = 0; i < 6; i++) {
		u8 byte = p[how == 'R' ? 5 - i : i];

		if (i && between)
			kmem_out_char(o, between);
		kmem_out_char(o, hex_asc_hi(byte));
		kmem_out_char(o, hex_asc_lo(byte));
	}
}

static void put_ipv4(struct out *o, const u8 *p, char kind)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (i)
			kmem_out_char(o, '.');
		kmem_out_number(o, p[i], (struct spec){ .width = kind == 'i' ? 3 : -1,
						   .precision = -1, .base = 10, .zero = 1 });
	}
}

static void put_gfp(struct out *o, gfp_t flags)
{
	static const struct {
		gfp_t mask;
		const char *name;
	} names[] = {
		{ GFP_TRANSHUGE, "GFP_TRANSHUGE" },
		{ GFP_TRANSHUGE_LIGHT, "GFP_TRANSHUGE_LIGHT" },
		{ GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_HIGHUSER, "GFP_HIGHUSER" },
		{ GFP_USER, "GFP_USER" },
		{ GFP_KERNEL_ACCOUNT, "GFP_KERNEL_ACCOUNT" },
		{ GFP_KERNEL, "GFP_KERNEL" },
		{ GFP_NOFS, "GFP_NOFS" },
		{ GFP_ATOMIC, "GFP_ATOMIC" },
		{ GFP_NOIO, "GFP_NOIO" },
		{ GFP_NOWAIT, "GFP_NOWAIT" },
		{ GFP_DMA, "GFP_DMA" },
		{ __GFP_HIGHMEM, "__GFP_HIGHMEM" },
		{ GFP_DMA32, "GFP_DMA32" },
		{ __GFP_HIGH, "__GFP_HIGH" },
		{ (gfp_t)KMEM_GFP_ATOMIC, "__GFP_ATOMIC" },
		{ __GFP_IO, "__GFP_IO" },
		{ __GFP_FS, "__GFP_FS" },
		{ __GFP_NOWARN, "__GFP_NOWARN" },
		{ __GFP_RETRY_MAYFAIL, "__GFP_RETRY_MAYFAIL" },
		{ __GFP_NOFAIL, "__GFP_NOFAIL" },
		{ __GFP_NORETRY, "__GFP_NORETRY" },
		{ __GFP_COMP, "__GFP_COMP" },
		{ __GFP_ZERO, "__GFP_ZERO" },
		{ __GFP_NOMEMALLOC, "__GFP_NOMEMALLOC" },
		{ __GFP_MEMALLOC, "__GFP_MEMALLOC" },
		{ __GFP_HARDWALL, "__GFP_HARDWALL" },
		{ __GFP_THISNODE, "__GFP_THISNODE" },
		{ __GFP_RECLAIMABLE, "__GFP_RECLAIMABLE" },
		{ __GFP_MOVABLE, "__GFP_MOVABLE" },
		{ __GFP_ACCOUNT, "__GFP_ACCOUNT" },
		{ __GFP_WRITE, "__GFP_WRITE" },
		{ __GFP_RECLAIM, "__GFP_RECLAIM" },
		{ __GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM" },
		{ __GFP_KSWAPD_RECLAIM, "__GFP_KSWAPD_RECLAIM" },
	};
	gfp_t rest = flags;
	int i;

	for (i = 0; i < (int)ARRAY_SIZE(names); i++) {
		if (!names[i].mask || (rest & names[i].mask) != names[i].mask)
			continue;
		if (rest != flags)
			kmem_out_char(o, '|');
		kmem_out_text(o, names[i].name, strlen(names[i].name));
		rest &= ~names[i].mask;
	}
	if (rest || !flags) {
		if (rest != flags)
			kmem_out_char(o, '|');
		kmem_out_number(o, rest, (struct spec){ .width = -1, .precision = -1,
						   .base = 16, .prefix = flags != 0 });
	}
}

static void put_error(struct out *o, const void *p, struct spec s)
{
	const char *name = IS_ERR(p) ? kmem_errname(-PTR_ERR(p)) : NULL;

	if (name) {
		kmem_out_char(o, '-');
		kmem_out_string(o, name, s);
	} else if (IS_ERR(p)) {
		s.base = 10;
		s.sign = 1;
		kmem_out_number(o, PTR_ERR(p), s);
	} else {
		put_hashed_pointer(o, p, s);
	}
}

/* %pd2: with so many of the folders above it */
static void put_dentry(struct out *o, const struct dentry *d, int names, struct spec s)
{
	const char *name[4];
	char path[160];
	int n = 0, len = 0;

	names = names < 1 || names > 4 ? 1 : names;
	for (; n < names; d = d->d_parent) {
		int root = d == d->d_parent;

		name[n] = root && n ? "" : (const char *)d->d_name.name;
		n++;
		if (root)
			break;
	}
	while (n--)
		len += scnprintf(path + len, sizeof(path) - len, "%s%s", name[n], n ? "/" : "");
	kmem_out_string(o, path, s);
}

static void put_nested(struct out *o, const struct va_format *nested)
{
	va_list copy;

	va_copy(copy, *nested->va);
	kmem_out_format(o, nested->fmt, copy);
	va_end(copy);
}

void kmem_out_pointer(struct out *o, const char *ext, const void *p, struct spec s)
{
	switch (ext[0]) {
	case 'S': case 's': case 'F': case 'f': case 'B':
		put_symbol(o, p, ext[0], s);
		return;
	case 'x':
		kmem_out_hex(o, kmem_shown_address((unsigned long)p), s);
		return;
	case 'e':
		put_error(o, p, s);
		return;
	case 'h': case 'b': case 'U': case 'M': case 'm': case 'I': case 'i': case 'a':
	case 'V': case 'G': case 'd': case 'D': case 'E':
		if ((unsigned long)p >= PAGE_SIZE && !IS_ERR(p))
			break;
		kmem_out_string(o, p ? "(efault)" : "(null)", s);
		return;
	default:
		put_hashed_pointer(o, p, s);
		return;
	}
	switch (ext[0]) {
	case 'a':
		put_address(o, p, ext[1], s);
		break;
	case 'h':
		put_hex_bytes(o, p, ext[1], s);
		break;
	case 'b':
		(ext[1] == 'l' ? put_bit_list : put_bit_words)(o, p, s.width < 0 ? 0 : s.width);
		break;
	case 'U':
		put_uuid(o, p, ext[1]);
		break;
	case 'M': case 'm':
		put_mac(o, p, ext[0], ext[1]);
		break;
	case 'I': case 'i':
		put_ipv4(o, p, ext[0]);
		break;
	case 'V':
		put_nested(o, p);
		break;
	case 'G':
		if (ext[1] == 'g')
			put_gfp(o, *(const gfp_t *)p);
		else
			kmem_out_hex(o, *(const unsigned long *)p, s);
		break;
	case 'd':
		put_dentry(o, p, ext[1] - '0', s);
		break;
	case 'E':
		put_escaped(o, p, ext + 1, s);
		break;
	case 'D':
		put_dentry(o, ((const struct file *)p)->f_path.dentry, ext[1] - '0', s);
		break;
	}
}
#endif
