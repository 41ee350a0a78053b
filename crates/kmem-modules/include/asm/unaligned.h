/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers at any address. */
#pragma once
#include <linux/unaligned.h>
