/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/mm.h. */
#pragma once
#include <linux/mm.h>
