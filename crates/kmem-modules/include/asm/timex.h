/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A counter of cycles. */
#pragma once
#include <linux/timex.h>
