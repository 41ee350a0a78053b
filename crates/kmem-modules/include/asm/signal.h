/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers of signals. */
#pragma once
#include <linux/signal.h>
