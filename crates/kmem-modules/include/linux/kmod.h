/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Loading a module by name: there are no others. */
#pragma once
#include <linux/module.h>

#define try_then_request_module(x, mod...)	((x) ?: (request_module(mod), (x)))
