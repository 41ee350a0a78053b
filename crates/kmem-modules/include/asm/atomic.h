/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counters that several CPUs may change at once. */
#pragma once
#include <linux/atomic.h>
