/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Compare and exchange. */
#pragma once
#include <linux/atomic.h>
