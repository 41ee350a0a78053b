/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strings for people. */
#if KMEM_ERA >= 60
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>

/* three digits and a unit: the size is divided by 1000 or 1024 until it is smaller than that, and rounded */
int string_get_size(u64 size, u64 block_size, enum string_size_units units, char *buf, int len)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E", "Z", "Y" };
	bool binary = units & STRING_UNITS_MASK;
	u32 divisor = binary ? 1024 : 1000, rest = 0, digits, i;
	unsigned int order = 0;
	u64 whole = size;
	char tail[8] = "";

	if (!size || !block_size) {
		whole = 0;
	} else {
		/* both factors lose what is too much for the product, the remainder of the last division counts */
		while (whole >> 32) {
			rest = do_div(whole, divisor);
			order++;
		}
		while (block_size >> 32) {
			do_div(block_size, divisor);
			order++;
		}
		rest = rest * (u32)block_size / divisor;
		whole = whole * block_size + rest;
		rest = 0;
		while (whole >= divisor) {
			rest = do_div(whole, divisor);
			order++;
		}
	}
	/* three digits in all, the last one rounded */
	if (order) {
		static const u32 half[] = { 500, 50, 5 };
		u32 thousandths = rest * 1000 / divisor;

		for (digits = 2, i = whole; i >= 10 && digits; i /= 10)
			digits--;
		thousandths += half[digits];
		if (thousandths >= 1000) {
			thousandths -= 1000;
			whole++;
		}
		if (digits) {
			snprintf(tail, sizeof(tail), ".%03u", thousandths);
			tail[digits + 1] = '\0';
		}
	}
	return snprintf(buf, len, "%u%s%s%s%s%s", (u32)whole, tail,
			units & STRING_UNITS_NO_SPACE ? "" : " ",
			order < ARRAY_SIZE(prefixes) ? (binary && order == 1 ? "K" : prefixes[order]) : "?",
			binary && order ? "i" : "", units & STRING_UNITS_NO_BYTES ? "" : "B");
}

char *kstrdup_quotable(const char *src, gfp_t gfp)
{
	char *out, *to;

	if (!src)
		return NULL;
	out = to = kmalloc(strlen(src) * 4 + 1, gfp);
	if (!out)
		return NULL;
	for (; *src; src++) {
		if (isprint(*src) && !strchr("\"\\", *src))
			*to++ = *src;
		else
			to += sprintf(to, "\\x%02x", (u8)*src);
	}
	*to = '\0';
	return out;
}

void kfree_strarray(char **array, size_t n)
{
	size_t i;

	for (i = 0; array && i < n; i++)
		kfree(array[i]);
	kfree(array);
}

char **kasprintf_strarray(gfp_t gfp, const char *prefix, size_t n)
{
	char **names = kcalloc(n + 1, sizeof(*names), gfp);
	size_t i;

	for (i = 0; names && i < n; i++) {
		names[i] = kasprintf(gfp, "%s-%zu", prefix, i);
		if (!names[i]) {
			kfree_strarray(names, i);
			return NULL;
		}
	}
	return names;
}
#endif
