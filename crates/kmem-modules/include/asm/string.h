/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strings and blocks of memory. */
#pragma once
#include <linux/string.h>
