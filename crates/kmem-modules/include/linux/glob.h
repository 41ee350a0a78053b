/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Patterns as shells have them. */
#pragma once
#include <linux/types.h>
#include <linux/compiler.h>

bool __pure glob_match(char const *pattern, char const *text);
