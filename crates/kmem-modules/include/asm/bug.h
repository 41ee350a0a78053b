/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a kernel says when it finds itself wrong. */
#pragma once
#include <linux/bug.h>
