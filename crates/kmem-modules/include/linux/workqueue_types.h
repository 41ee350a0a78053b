/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of linux/workqueue.h. */
#pragma once
#include <linux/workqueue.h>
