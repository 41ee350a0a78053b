/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses as names. */
#pragma once
#include <linux/types.h>
#include <kmem/host.h>

#define KSYM_NAME_LEN	512
#define KSYM_SYMBOL_LEN	(KSYM_NAME_LEN + 100)

int sprint_symbol(char *buffer, unsigned long address);
int sprint_symbol_no_offset(char *buffer, unsigned long address);
#define print_symbol(fmt, addr)	do {				\
	char __name[128];					\
	kmem_host_symbol((addr), __name, sizeof(__name), 1);	\
	printk(fmt, __name);					\
} while (0)
