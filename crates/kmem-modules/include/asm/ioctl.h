/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers of ioctl commands. */
#pragma once
#include <linux/ioctl.h>
