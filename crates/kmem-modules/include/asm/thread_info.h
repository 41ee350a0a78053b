/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/thread_info.h. */
#pragma once
#include <linux/thread_info.h>
