/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counting semaphores. */
#pragma once
#include <linux/semaphore.h>
