/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* 2.6 sources include it for CONFIG_*, which the machine defines anyway. */
#pragma once
