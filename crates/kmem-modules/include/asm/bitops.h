/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bits of a word and of an array of words. */
#pragma once
#include <linux/bitops.h>
