/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The CPUs. */
#pragma once
#include <linux/smp.h>
