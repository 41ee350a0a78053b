/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The least common multiple. */
#pragma once

unsigned long lcm(unsigned long a, unsigned long b);
unsigned long lcm_not_zero(unsigned long a, unsigned long b);
