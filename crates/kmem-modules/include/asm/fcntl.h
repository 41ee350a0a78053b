/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Flags of open. */
#pragma once
#include <linux/fcntl.h>
