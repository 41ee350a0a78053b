/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of asm/io.h. */
#pragma once
#include <asm/io.h>
