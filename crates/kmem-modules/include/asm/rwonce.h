/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Accesses that the compiler neither splits nor repeats. */
#pragma once
#include <linux/compiler.h>
