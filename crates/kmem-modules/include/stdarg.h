/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Functions with a variable number of arguments, the standard's name. */
#pragma once
#include <linux/stdarg.h>
