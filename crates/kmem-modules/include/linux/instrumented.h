/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Marks accesses for checkers that the compiler does not serve. */
#pragma once
#include <linux/compiler.h>

#define instrument_read(p, size)	do { } while (0)
#define instrument_write(p, size)	do { } while (0)
#define instrument_read_write(p, size)	do { } while (0)
#define instrument_atomic_read(p, size)	do { } while (0)
#define instrument_atomic_write(p, size)	do { } while (0)
#define instrument_atomic_read_write(p, size)	do { } while (0)
#define instrument_copy_to_user(to, from, n)	do { } while (0)
#define instrument_copy_from_user_before(to, from, n)	do { } while (0)
#define instrument_copy_from_user_after(to, from, n, left)	do { } while (0)
