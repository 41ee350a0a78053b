/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who is told when the machine goes down. */
#pragma once
#include <linux/notifier.h>
