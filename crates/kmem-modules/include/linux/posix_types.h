/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The types behind size_t, off_t and their like. */
#pragma once
#include <asm/types.h>

typedef long __kernel_long_t;
typedef unsigned long __kernel_ulong_t;
typedef __SIZE_TYPE__ __kernel_size_t;
typedef __PTRDIFF_TYPE__ __kernel_ssize_t;
typedef __PTRDIFF_TYPE__ __kernel_ptrdiff_t;
typedef long __kernel_off_t;
typedef long long __kernel_loff_t;
typedef long __kernel_time_t;
typedef long long __kernel_time64_t;
typedef long __kernel_clock_t;
typedef int __kernel_pid_t;
typedef int __kernel_clockid_t;
typedef int __kernel_timer_t;
typedef unsigned int __kernel_uid32_t;
typedef unsigned int __kernel_gid32_t;
typedef unsigned short __kernel_mode_t;
