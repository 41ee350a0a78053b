/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The number of elements of an array. */
#pragma once
#include <linux/build_bug.h>

#define ARRAY_SIZE(arr)	(sizeof(arr) / sizeof((arr)[0]) + __must_be_array(arr))
