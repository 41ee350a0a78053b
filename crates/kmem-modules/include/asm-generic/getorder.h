/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* get_order */
#pragma once
#include <asm/page.h>
