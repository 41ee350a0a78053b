/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Delays. */
#pragma once
#include <linux/delay.h>
