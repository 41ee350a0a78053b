/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Spin locks. */
#pragma once
#include <linux/spinlock.h>
