/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/tracepoint.h. */
#pragma once
#include <linux/tracepoint.h>
