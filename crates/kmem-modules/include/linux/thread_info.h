/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The task at hand. */
#pragma once
#include <asm/current.h>
#include <linux/bug.h>
