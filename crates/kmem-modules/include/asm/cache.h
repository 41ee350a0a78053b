/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cache line. */
#pragma once
#include <linux/cache.h>
