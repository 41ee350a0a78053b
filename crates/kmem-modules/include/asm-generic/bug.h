/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/bug.h. */
#pragma once
#include <linux/bug.h>
