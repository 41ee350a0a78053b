/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files of a process. */
#pragma once
#include <linux/file.h>
