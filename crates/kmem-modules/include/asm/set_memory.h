/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Its names are the library's. */
#pragma once
#include <linux/set_memory.h>
