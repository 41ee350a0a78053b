/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Caches. */
#pragma once
#include <asm/cacheflush.h>
