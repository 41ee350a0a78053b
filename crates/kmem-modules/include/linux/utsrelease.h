/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kernel's release as a string. */
#pragma once
#include <generated/utsrelease.h>
