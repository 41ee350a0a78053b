/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The attributes of compiler.h under their other name. */
#pragma once
#include <linux/compiler.h>
