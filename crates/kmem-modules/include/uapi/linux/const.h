/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/const.h. */
#pragma once
#include <linux/const.h>
