/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The search for uninitialised memory: this kernel is built without it. */
#pragma once
#include <linux/kmsan-checks.h>
