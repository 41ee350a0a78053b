/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random numbers. */
#pragma once
#include <linux/types.h>
#include <linux/list.h>

void get_random_bytes(void *buf, size_t len);

#if KMEM_ERA >= 60
#include <linux/prandom.h>

u8 get_random_u8(void);
u16 get_random_u16(void);
u32 get_random_u32(void);
u64 get_random_u64(void);
unsigned long get_random_long(void);
u32 get_random_u32_below(u32 ceil);
u32 get_random_u32_above(u32 floor);
u32 get_random_u32_inclusive(u32 floor, u32 ceil);
#define get_random_int()	get_random_u32()
#define get_random_bytes_wait(buf, len)	({ get_random_bytes(buf, len); 0; })
#define wait_for_random_bytes()	0
#define rng_is_initialized()	true
#define add_device_randomness(buf, len)	do { } while (0)
#else
#define add_interrupt_randomness(irq)	do { } while (0)
u32 random32(void);
u32 secure_random32(void);
#endif
