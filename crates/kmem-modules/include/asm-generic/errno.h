/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of asm/errno.h. */
#pragma once
#include <asm/errno.h>
