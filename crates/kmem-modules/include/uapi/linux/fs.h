/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The part of linux/fs.h that programs see. */
#pragma once
#include <linux/fs.h>
