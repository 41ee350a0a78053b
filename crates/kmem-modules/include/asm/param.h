/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ticks in a second. */
#pragma once

#define HZ	KMEM_HZ
#define USER_HZ	100
