/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The types behind size_t, off_t and their like. */
#pragma once
#include <linux/posix_types.h>
