/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/errno.h. */
#pragma once
#include <linux/errno.h>
