/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/rwsem.h. */
#pragma once
#include <linux/rwsem.h>
