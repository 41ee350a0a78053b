/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/rcupdate.h. */
#pragma once
#include <linux/rcupdate.h>
