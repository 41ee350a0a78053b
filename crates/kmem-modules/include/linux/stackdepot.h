/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Call chains by number: the same chain has the same number. */
#pragma once
#include <linux/gfp.h>
#include <linux/types.h>

typedef u32 depot_stack_handle_t;
typedef u32 depot_flags_t;
#define STACK_DEPOT_FLAG_CAN_ALLOC	((depot_flags_t)1)
#define STACK_DEPOT_FLAG_GET		((depot_flags_t)2)

depot_stack_handle_t stack_depot_save(unsigned long *entries, unsigned int n, gfp_t gfp);
unsigned int stack_depot_fetch(depot_stack_handle_t handle, unsigned long **entries);
void stack_depot_print(depot_stack_handle_t handle);
int stack_depot_snprint(depot_stack_handle_t handle, char *buf, size_t size, int spaces);
#define stack_depot_save_flags(entries, n, gfp, flags)	stack_depot_save(entries, n, gfp)
#define stack_depot_put(handle)	((void)(handle))
#define stack_depot_init()	0
#define stack_depot_want_early_init()	do { } while (0)
