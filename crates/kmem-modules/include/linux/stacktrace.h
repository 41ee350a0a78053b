/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where the code is, as a list of return addresses. */
#pragma once
#include <linux/types.h>

#if KMEM_ERA >= 60
unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip);
void stack_trace_print(const unsigned long *entries, unsigned int n, int spaces);
int stack_trace_snprint(char *buf, size_t size, const unsigned long *entries, unsigned int n, int spaces);
#endif
