/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formatted text on its way: where it goes, how a value is to look, and the functions that write. */
#pragma once
#include <linux/types.h>
#include <linux/stdarg.h>

/* where the text goes; len counts also what does not fit */
struct out {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	int width;		/* -1: not given */
	int precision;		/* -1: not given */
	int base;
	char qualifier;		/* h l z t; H for hh, L for ll */
	char left, plus, space, prefix, zero, sign, upper;
};

void kmem_out_char(struct out *o, char c);
void kmem_out_repeat(struct out *o, char c, int n);
void kmem_out_text(struct out *o, const char *s, int n);
void kmem_out_number(struct out *o, unsigned long long num, struct spec s);
void kmem_out_field(struct out *o, const char *text, int len, struct spec s);	/* padded to the width */
void kmem_out_string(struct out *o, const char *text, struct spec s);
unsigned long kmem_shown_address(unsigned long addr);
void kmem_out_hex(struct out *o, unsigned long value, struct spec s);		/* a pointer's digits */
void kmem_out_format(struct out *o, const char *fmt, va_list args);
void kmem_out_pointer(struct out *o, const char *ext, const void *p, struct spec s);	/* %p and what follows it */
