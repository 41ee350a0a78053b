/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The context as interrupt handlers see it. */
#pragma once
#include <linux/hardirq.h>
