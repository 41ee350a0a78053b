/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The greatest common divisor. */
#pragma once

unsigned long gcd(unsigned long a, unsigned long b);
