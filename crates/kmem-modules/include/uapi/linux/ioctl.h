/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/ioctl.h. */
#pragma once
#include <linux/ioctl.h>
