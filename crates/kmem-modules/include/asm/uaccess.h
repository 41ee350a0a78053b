/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* To and from user space. */
#pragma once
#include <linux/uaccess.h>
