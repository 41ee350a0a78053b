/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formatting as the kernel does it, with its own rules for numbers. */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/hex.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/page.h>
#include "format.h"
#include "kasan.h"

void kmem_out_char(struct out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

void kmem_out_repeat(struct out *o, char c, int n)
{
	while (n-- > 0)
		kmem_out_char(o, c);
}

void kmem_out_text(struct out *o, const char *s, int n)
{
	while (n-- > 0)
		kmem_out_char(o, *s++);
}

void kmem_out_number(struct out *o, unsigned long long num, struct spec s)
{
	const char *digits = s.upper ? hex_asc_upper : hex_asc;
	char text[24], sign = 0;
	int n = 0, prefix = s.prefix && s.base != 10 && (s.base == 16 || num);
	int width = s.width, zeros;

	if (s.sign) {
		if ((long long)num < 0) {
			sign = '-';
			num = -num;
		} else if (s.plus || s.space) {
			sign = s.plus ? '+' : ' ';
		}
	}
	do {
		if (s.base == 10) {
			u64 q = div_u64(num, 10);

			text[n++] = '0' + (char)(num - q * 10);
			num = q;
		} else {
			text[n++] = digits[num & (s.base - 1)];
			num >>= s.base == 16 ? 4 : 3;
		}
	} while (num);

	zeros = s.precision > n ? s.precision - n : 0;
	width -= n + zeros + (sign != 0) + (prefix ? (s.base == 16 ? 2 : 1) : 0);
	if (!s.left && !s.zero)
		kmem_out_repeat(o, ' ', width);
	if (sign)
		kmem_out_char(o, sign);
	if (prefix) {
		kmem_out_char(o, '0');
		if (s.base == 16)
			kmem_out_char(o, s.upper ? 'X' : 'x');
	}
	if (!s.left && s.zero)
		kmem_out_repeat(o, '0', width);
	kmem_out_repeat(o, '0', zeros);
	while (n)
		kmem_out_char(o, text[--n]);
	if (s.left)
		kmem_out_repeat(o, ' ', width);
}

/* text of known length within the field */
void kmem_out_field(struct out *o, const char *text, int len, struct spec s)
{
	if (!s.left)
		kmem_out_repeat(o, ' ', s.width - len);
	kmem_out_text(o, text, len);
	if (s.left)
		kmem_out_repeat(o, ' ', s.width - len);
}

void kmem_out_string(struct out *o, const char *text, struct spec s)
{
	size_t limit = s.precision >= 0 ? s.precision : INT_MAX;

#if KMEM_ERA >= 60
	if (!text)
		text = "(null)";
	else if ((unsigned long)text < PAGE_SIZE || IS_ERR_VALUE((unsigned long)text))
		text = "(efault)";
#else
	if ((unsigned long)text < PAGE_SIZE)
		text = "<NULL>";
#endif
	kmem_out_field(o, text, strnlen(text, limit), s);
}

/* a kernel that lies elsewhere shows where it should be */
unsigned long kmem_shown_address(unsigned long addr)
{
#ifdef KMEM_MOVED
	static const struct { unsigned long start, end, distance; } moved[] = { KMEM_MOVED };
	unsigned int i;

	for (i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
		if (addr >= moved[i].start && addr < moved[i].end)
			return addr + moved[i].distance;
#endif
	return addr;
}

void kmem_out_hex(struct out *o, unsigned long value, struct spec s)
{
	s.base = 16;
	s.precision = -1;
	if (s.width == -1) {
		s.width = 2 * sizeof(void *) + (s.prefix ? 2 : 0);
		s.zero = 1;
	}
	kmem_out_number(o, value, s);
}

static int read_int(const char **fmt)
{
	int n = 0;

	while (isdigit(**fmt))
		n = n * 10 + *(*fmt)++ - '0';
	return n;
}

static const char *read_flags(const char *fmt, struct spec *s)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-': s->left = 1; break;
		case '+': s->plus = 1; break;
		case ' ': s->space = 1; break;
		case '#': s->prefix = 1; break;
		case '0': s->zero = 1; break;
		default: return fmt;
		}
	}
}

static const char *read_qualifier(const char *fmt, struct spec *s)
{
	char c = *fmt;

	if (c != 'h' && c != 'l' && c != 'L' && c != 'z' && c != 'Z' && c != 't')
		return fmt;
	fmt++;
	if ((c == 'h' || c == 'l') && *fmt == c) {
		c = c == 'h' ? 'H' : 'L';
		fmt++;
	}
	s->qualifier = c == 'Z' ? 'z' : c;
	return fmt;
}

/* the value that so many bytes hold */
static unsigned long long narrow(long long num, int bytes, int sign)
{
	int unused = 64 - 8 * bytes;

	return sign ? (u64)((s64)((u64)num << unused) >> unused) : (u64)num << unused >> unused;
}

void kmem_out_format(struct out *o, const char *fmt, va_list args)
{
	while (*fmt) {
		struct spec s = { .width = -1, .precision = -1, .base = 10 };
		unsigned long long num;

		if (*fmt != '%') {
			kmem_out_char(o, *fmt++);
			continue;
		}
		fmt = read_flags(fmt + 1, &s);
		if (isdigit(*fmt)) {
			s.width = read_int(&fmt);
		} else if (*fmt == '*') {
			fmt++;
			s.width = va_arg(args, int);
			if (s.width < 0) {
				s.width = -s.width;
				s.left = 1;
			}
		}
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				fmt++;
				s.precision = va_arg(args, int);
				if (s.precision < 0)
					s.precision = 0;
			} else if (isdigit(*fmt)) {
				s.precision = read_int(&fmt);
			}
		}
		fmt = read_qualifier(fmt, &s);

		switch (*fmt) {
		case 'c': {
			char c = va_arg(args, int);

			kmem_out_field(o, &c, 1, s);
			fmt++;
			continue;
		}
		case 's':
			kmem_out_string(o, va_arg(args, const char *), s);
			fmt++;
			continue;
		case 'p':
			fmt++;
#if KMEM_ERA >= 60
			kmem_out_pointer(o, fmt, va_arg(args, const void *), s);
			while (isalnum(*fmt))
				fmt++;
#else
			kmem_out_hex(o, kmem_shown_address(va_arg(args, unsigned long)), s);
#endif
			continue;
		case '%':
			kmem_out_char(o, '%');
			fmt++;
			continue;
		case 'o':
			s.base = 8;
			break;
		case 'X':
			s.upper = 1;
			s.base = 16;
			break;
		case 'x':
			s.base = 16;
			break;
		case 'd': case 'i':
			s.sign = 1;
			break;
		case 'u':
			break;
#if KMEM_ERA >= 60
		default:
			kmem_warn("lib/vsprintf.c", __LINE__, "Please remove unsupported %%%c in format string\n", *fmt);
			return;
#else
		case 'n':
			*va_arg(args, int *) = o->len;
			fmt++;
			continue;
		default:
			kmem_out_char(o, '%');
			if (*fmt)
				kmem_out_char(o, *fmt++);
			continue;
#endif
		}
		fmt++;
		if (s.qualifier == 'L')
			num = va_arg(args, long long);
		else if (s.qualifier == 'l' || s.qualifier == 'z' || s.qualifier == 't')
			num = narrow(va_arg(args, long), sizeof(long), s.sign);
		else
			num = narrow(va_arg(args, int), s.qualifier == 'H' ? 1 : s.qualifier == 'h' ? 2 : 4,
				     s.sign);
		if (s.left)
			s.zero = 0;
		kmem_out_number(o, num, s);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { .buf = buf, .size = size };

	if ((ssize_t)size < 0) {
		kmem_warn("lib/vsprintf.c", __LINE__, "snprintf: a buffer of %zu bytes\n", size);
		return 0;
	}
	kmem_out_format(&o, fmt, args);
	if (size) {
		size_t len = o.len < size ? o.len : size - 1;

		writes(buf, len + 1);
		buf[len] = '\0';
	}
	return o.len;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);

	return n < (int)size ? n : size ? (int)size - 1 : 0;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

int vsprintf(char *buf, const char *fmt, va_list args)
{
	return vsnprintf(buf, INT_MAX, fmt, args);
}

int sprintf(char *buf, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, INT_MAX, fmt, args);
	va_end(args);
	return n;
}
