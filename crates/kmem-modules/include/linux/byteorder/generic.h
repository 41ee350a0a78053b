/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Byte order. */
#pragma once
#include <asm/byteorder.h>
