/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The search for data races: this kernel is built without it. */
#pragma once
#include <linux/kcsan-checks.h>
