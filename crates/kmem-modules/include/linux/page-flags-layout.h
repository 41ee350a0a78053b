/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/page-flags.h. */
#pragma once
#include <linux/page-flags.h>
