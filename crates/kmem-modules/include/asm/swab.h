/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes in reverse. */
#pragma once
#include <linux/swab.h>
