/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* 2.6's big lock: nests, and may be slept under. */
#pragma once

#define lock_kernel()	do { } while (0)
#define unlock_kernel()	do { } while (0)
#define kernel_locked()	1
