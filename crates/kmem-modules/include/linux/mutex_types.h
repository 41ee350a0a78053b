/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/mutex.h. */
#pragma once
#include <linux/mutex.h>
