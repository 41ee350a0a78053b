/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals: none ever come. */
#pragma once
#include <linux/sched.h>
#include <linux/signal.h>
