/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices' memory and ports. */
#pragma once
#include <asm/io.h>
