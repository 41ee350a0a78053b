/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The other name of linux/jump_label.h. */
#pragma once
#include <linux/jump_label.h>
